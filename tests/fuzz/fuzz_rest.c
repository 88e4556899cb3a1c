/* A path, a query, headers and an event's id, each on a line: what is made of them is valid JSON, or text without a stray line. */
#include "common/json/json.h"
#include "gatewayd/forms/accept.h"
#include "gatewayd/forms/frame.h"
#include "gatewayd/rest/rest.h"
#include "gatewayd/rest/sse_format.h"
#include "tests/fuzz/fuzz.h"

static void on_error(reply_t *reply, int code, const char *reason, text_t message)
{
    (void)reply, (void)reason;
    require(code == RPC_INVALID_PARAMS && text_is_utf8(message));
}

static bool has_channel(const void *arg, text_t channel)
{
    (void)arg;
    return text_equal(channel, TEXT("readings"));
}

/* Each is valid, or refused. */
static void check_arguments(const rest_request_t *request)
{
    static const reply_kind_t kind = {.error = on_error};
    for (takes_t takes = TAKES_CHANNEL; takes < TAKES_COUNT_OF; takes++) {
        arguments_t found;
        bool good = arguments_read(&found, (takes_t[]){takes, TAKES_NO_MORE}, rest_request_value, request, ANSWER_REST,
                                   has_channel, NULL, &(reply_t){&kind});
        require(!good || found.next.length == 0 || json_valid(found.next));
        require(!good || found.symbol.length == 0 || subject_valid(param_slice(&found.symbol)));
    }
}

static void check_request(text_t path, text_t arguments)
{
    rest_query_t query = {.count = 0};
    rest_request_t request;
    text_t symbol;
    const rest_route_t *route = rest_find(path, &symbol);
    while (arguments.length > 0) {
        if (!rest_query_add(&query, take_until(&arguments, '&')))
            return;
    }
    if (!route)
        return;
    buffer_t out = buffer_new(0);
    unsigned status = rest_request_init(&request, route, symbol, &query, &out);
    require(status == 0 || status == 200 || status == 400);
    require(status == 0 || json_valid(buffer_text(&out)));
    if (status == 0 && !rest_is_stream(route))
        check_arguments(&request);
    rest_request_release(&request);
    buffer_release(&out);
}

static void check_answer(text_t path, text_t answer)
{
    text_t symbol;
    const rest_route_t *route = rest_find(path, &symbol);
    if (!route)
        return;
    buffer_t out = buffer_new(0);
    unsigned status = rest_problem_of(route, RPC_INVALID_PARAMS, NULL, answer, &out);
    require(status >= 400 && status < 600 && json_valid(buffer_text(&out)));
    buffer_clear(&out);
    if (json_valid(answer)) {
        rest_put_result(route, answer, &out);
        require(json_valid(buffer_text(&out)));
    }
    buffer_release(&out);
}

static void check_events(text_t symbols, text_t id, text_t message)
{
    buffer_t out = buffer_new(0);
    sse_format_t *events = sse_format_new();
    if (events)
        sse_format_resume_if_known(events, id);
    if (events && !sse_format_choose(events, symbols)) {
        text_t symbol;
        while (sse_format_symbol(&symbols, &symbol)) {
            buffer_clear(&out);
            sse_format_put_since(events, symbol, &out);
            require(out.length == 0 || json_valid(buffer_text(&out)));
        }
        buffer_clear(&out);
        sse_format_begin(events, &out);
        buffer_t event = buffer_new(0);
        if (json_valid(message))
            frame_append_notification(&event, DIALECT_SSE, TEXT("trades.gap"), message);
        for (text_t rest = buffer_text(&event), next; frame_next_event(&rest, &next);)
            sse_format_append(events, next, &out);
        buffer_release(&event);
        require(out.length == 0 || out.bytes[out.length - 1] == '\n');
    }
    sse_format_destroy(&events);
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t rest = {(const char *)data, size};
    text_t path = take_until(&rest, '\n'), arguments = take_until(&rest, '\n'), header = take_until(&rest, '\n'),
           id = take_until(&rest, '\n');
    check_request(path, arguments);
    check_answer(path, rest);
    check_events(header, id, rest);
    accept_gzip(header);
    accept_has_tag(header, id);
    return 0;
}
