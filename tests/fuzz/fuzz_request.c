/* A request is either read, and then within its bounds, or answered by an error that is valid JSON; and what a range's answer is read
 * as lies inside of it. */
#include "common/json/json.h"
#include "proto/request.h"
#include "proto/topic.h"
#include "tests/fuzz/fuzz.h"

static void check_request(const request_t *request)
{
    text_t symbol, source;
    require(request->op.length > 0);
    require(request->count >= 1 && request->count <= REQUEST_COUNT_MAX);
    require(request->symbol.length == 0 || symbol_valid(request->symbol));
    require(request->topic.length == 0 || topic_parse(request->topic, &symbol, &source));
}

/* A range that was read is printed as a request that reads the same. */
static void check_range(const request_t *request)
{
    request_t again;
    buffer_t out = buffer_new(0), answer = buffer_new(0);
    range_request_print(&out, request->topic, request->from, request->has_to ? &request->to : NULL, request->count);
    require(request_parse(buffer_text(&out), &again, &answer));
    require(text_equal(again.topic, request->topic) && again.count == request->count && again.has_to == request->has_to);
    require(cursor_compare(again.from, request->from) == 0 && cursor_compare(again.to, request->to) == 0);
    buffer_release(&out);
    buffer_release(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t json = {(const char *)data, size};
    request_t request;
    buffer_t answer = buffer_new(0);
    if (request_parse(json, &request, &answer)) {
        check_request(&request);
        if (request.topic.length && request.has_from)
            check_range(&request);
    } else {
        text_t text = buffer_text(&answer);
        require(buffer_ok(&answer) && json_valid(text) && json_kind(json_member(text, "ok")) == JSON_FALSE);
        require(json_kind(json_member(json_member(text, "error"), "code")) == JSON_STRING);
    }
    buffer_release(&answer);
    range_answer_t range;
    if (range_answer_parse(json, &range))
        require(json_valid(range.trades) && range.trades.at > json.at &&
                range.trades.at + range.trades.length < json.at + json.length);
    return 0;
}
