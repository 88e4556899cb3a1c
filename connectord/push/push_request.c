#include "connectord/push/push_request.h"

#include "common/json/json_write.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { MS_PER_S = 1000, HEADERS_MAX = 160 };

bool push_refusal_set(push_refusal_t *self, unsigned status, uint64_t wait_ms, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    self->status = status;
    self->wait_ms = wait_ms;
    vsnprintf(self->reason, sizeof self->reason, format, arguments);
    va_end(arguments);
    return false;
}

bool push_request_good(const http_request_t *request, uint64_t most, push_form_t *form, push_refusal_t *refusal)
{
    text_t type = http_request_field(request, "Content-Type");
    text_t coding = http_request_field(request, "Content-Encoding");
    if (!http_request_is(request, "POST"))
        return push_refusal_set(refusal, 405, 0, "expected POST, found %.*s", TEXT_ARG(text_cut(request->method, 20)));
    if (request->coded || http_request_count(request, "Content-Length") == 0)
        return push_refusal_set(refusal, 411, 0, "expected a Content-Length, found %s",
                                request->coded ? "a Transfer-Encoding" : "none");
    if (request->length > most)
        return push_refusal_set(refusal, 413, 0, "expected at most %" PRIu64 " bytes, found %" PRIu64, most, request->length);
    if (!push_form_of(type, form))
        return push_refusal_set(refusal, 415, 0, "Content-Type: expected application/json or application/x-ndjson, found %.*s",
                                TEXT_ARG(type.length > 0 ? text_cut(type, 60) : TEXT("none")));
    if (coding.length > 0 && !http_request_lists(request, "Content-Encoding", "identity"))
        return push_refusal_set(refusal, 415, 0, "Content-Encoding: expected none, found %.*s", TEXT_ARG(text_cut(coding, 60)));
    if (request->length == 0)
        return push_refusal_set(refusal, 400, 0, "expected a body, found none");
    return true;
}

/* What the status takes beside it. */
static text_t print_headers(const push_refusal_t *refusal, char room[static HEADERS_MAX])
{
    int length = snprintf(room, HEADERS_MAX, "Cache-Control: no-store\r\n%s%s",
                          refusal->status == 401 ? "WWW-Authenticate: Bearer realm=\"push\"\r\n" : "",
                          refusal->status == 405 ? "Allow: POST\r\n" : "");
    if (refusal->wait_ms > 0)
        length += snprintf(room + length, HEADERS_MAX - (size_t)length, "Retry-After: %" PRIu64 "\r\n",
                           (refusal->wait_ms + MS_PER_S - 1) / MS_PER_S);
    return (text_t){room, (size_t)length};
}

void push_refuse(http_connection_t *to, const push_refusal_t *refusal)
{
    char headers[HEADERS_MAX];
    buffer_t body = buffer_new(0);
    json_writer_t json = json_write(&body);
    json_open_object(&json, NULL);
    json_put_text(&json, "error", text_of(refusal->reason));
    json_close_object(&json);
    buffer_append(&body, TEXT("\n"));
    http_answer(to, &(http_answer_t){.status = refusal->status,
                                     .content_type = "application/json",
                                     .headers = print_headers(refusal, headers),
                                     .body = buffer_text(&body)});
    buffer_release(&body);
}
