/* A path, a query, headers and an event's id, each on a line: what is made of them is valid JSON, or text without a stray line. */
#include "common/json.h"
#include "gatewayd/doors/rest.h"
#include "gatewayd/doors/sse_format.h"
#include "gatewayd/forms/accept.h"
#include "tests/fuzz/fuzz.h"

static void check_request(text_t path, text_t arguments)
{
    rest_query_t query = {.count = 0};
    text_t symbol;
    const rest_route_t *route = rest_find(path, &symbol);
    while (arguments.length > 0) {
        if (!rest_query_add(&query, take_until(&arguments, '&')))
            return;
    }
    if (!route)
        return;
    buffer_t out = buffer_new(0);
    unsigned status = rest_request(route, symbol, &query, &out);
    require(status == 0 || status == 200 || status == 400);
    require(rest_is_stream(route) || json_valid(buffer_text(&out)));
    buffer_release(&out);
}

static void check_answer(text_t path, text_t answer)
{
    text_t symbol;
    const rest_route_t *route = rest_find(path, &symbol);
    if (!route || !json_valid(answer))
        return;
    buffer_t out = buffer_new(0);
    unsigned status = rest_answer(route, answer, &out);
    require(status >= 200 && status < 600 && json_valid(buffer_text(&out)));
    buffer_release(&out);
}

static void check_events(text_t symbols, text_t id, text_t message)
{
    buffer_t out = buffer_new(0);
    sse_format_t *events = sse_format_new();
    if (events)
        sse_format_resume_if_known(events, id);
    if (events && !sse_format_subscribe(events, symbols, TEXT(""), &out)) {
        require(json_valid(buffer_text(&out)));
        buffer_clear(&out);
        sse_format_append(events, TEXT("[]"), &out);
        if (json_valid(message))
            sse_format_append(events, message, &out);
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
