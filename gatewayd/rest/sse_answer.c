#include "gatewayd/rest/sse_answer.h"

#include "gatewayd/forms/params.h"
#include "gatewayd/rest/sse_format.h"

bool sse_answer_browser(const http_request_t *request)
{
    text_t accepts = http_request_field(request, "Accept");
    return memmem(accepts.at, accepts.length, SSE_FORMAT_TYPE, sizeof SSE_FORMAT_TYPE - 1);
}

void sse_answer_later(uint64_t retry_ms, buffer_t *answer)
{
    param_text_t why;
    if (!param_text(json_member(buffer_text(answer), "detail"), &why))
        why.length = 0;
    buffer_clear(answer);
    buffer_printf(answer, "retry: %llu\n", (unsigned long long)retry_ms);
    sse_format_append_error(answer, param_slice(&why));
}

unsigned sse_answer_soften(bool browser, unsigned status, buffer_t *answer)
{
    if (!browser || (status != 503 && status != 429))
        return status;
    sse_answer_later(SSE_FORMAT_RETRY_MS, answer);
    return 200;
}

void sse_answer_problem(http_connection_t *connection, bool browser, unsigned status, buffer_t *headers, buffer_t *problem)
{
    buffer_append(headers,
                  status == 503 ? TEXT("Retry-After: 1\r\nCache-Control: no-store\r\n") : TEXT("Cache-Control: no-store\r\n"));
    status = sse_answer_soften(browser, status, problem);
    http_answer(connection, &(http_answer_t){.status = status,
                                             .content_type = status == 200 ? SSE_FORMAT_TYPE : "application/problem+json",
                                             .headers = buffer_text(headers),
                                             .body = buffer_text(problem)});
}

void sse_answer_begin(http_connection_t *connection, text_t headers)
{
    buffer_t head = buffer_new(0);
    buffer_append(&head, TEXT("HTTP/1.1 200 OK\r\nContent-Type: " SSE_FORMAT_TYPE "\r\nCache-Control: no-cache\r\n"
                              "X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n"));
    buffer_append(&head, http_date_line());
    buffer_append(&head, http_strict_line(connection));
    buffer_append(&head, headers);
    buffer_append(&head, TEXT("\r\n"));
    http_stream(connection, buffer_text(&head));
    buffer_release(&head);
}
