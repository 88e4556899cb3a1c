/* The head of a request: what is read is within the bytes, a head that is whole is read the same whatever follows it, no part of it is taken for
 * a whole one, and what is decoded is no longer than it was. */
#include "common/http/http_request.h"
#include "tests/fuzz/fuzz.h"

static void require_within(text_t part, text_t whole)
{
    if (part.length > 0 && !text_equal(part, TEXT("/")))
        require(part.at >= whole.at && part.at + part.length <= whole.at + whole.length);
}

static void check_decoding(http_part_t part, text_t text)
{
    char room[HTTP_HEAD_MAX];
    text_t decoded;
    if (http_decode(part, text, room, &decoded))
        require(decoded.length <= text.length);
}

static void check_whole(const http_request_t *request, text_t head)
{
    require(head.length <= HTTP_HEAD_MAX && head.at[head.length - 1] == '\n');
    require_within(request->method, head);
    require_within(request->path, head);
    require_within(request->query, head);
    require(request->path.at[0] == '/' || text_equal(request->path, TEXT("*")));
    require(request->method.length > 0 && request->field_count <= HTTP_FIELDS_MAX);
    for (size_t i = 0; i < request->field_count; i++) {
        require_within(request->fields[i].name, head);
        require_within(request->fields[i].value, head);
        require(!memchr(request->fields[i].value.at, '\r', request->fields[i].value.length));
    }
    check_decoding(HTTP_PATH, request->path);
    check_decoding(HTTP_QUERY, request->query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static http_request_t request, again;
    http_refusal_t refusal;
    size_t length, same;
    text_t bytes = {(const char *)data, size};
    switch (http_request_read(&request, bytes, &length, &refusal)) {
    case HTTP_WHOLE:
        check_whole(&request, (text_t){bytes.at, length});
        require(http_request_read(&again, (text_t){bytes.at, length}, &same, &refusal) == HTTP_WHOLE && same == length);
        require(again.field_count == request.field_count && again.keeps == request.keeps && again.body == request.body);
        require(http_request_read(&again, (text_t){bytes.at, length - 1}, &same, &refusal) == HTTP_PARTIAL);
        break;
    case HTTP_REFUSED:
        require(refusal.status >= 400 && refusal.status < 600 && refusal.reason);
        break;
    case HTTP_PARTIAL:
        require(size < HTTP_HEAD_MAX);
        break;
    }
    return 0;
}
