#include "gatewayd/admission/cors_answer.h"

void cors_answer_failure(http_connection_t *connection)
{
    static const char body[] = HTTP_ERROR_BODY("out of memory");
    http_answer(connection, &(http_answer_t){500, "application/json", {"", 0}, {body, sizeof body - 1}});
}

void cors_answer(const cors_t *reading, http_connection_t *connection, const http_request_t *request, const char *methods,
                 text_t json)
{
    text_t origin = http_request_field(request, "Origin");
    buffer_t headers = buffer_new(0);
    buffer_printf(&headers, "Allow: %s\r\nCache-Control: no-store\r\n", methods);
    if (json.length == 0)
        cors_append_preflight(reading, origin, http_request_field(request, "Access-Control-Request-Headers"), methods,
                              &headers);
    else
        cors_append(reading, origin, &headers);
    if (buffer_ok(&headers))
        http_answer(connection, &(http_answer_t){200, "application/json", buffer_text(&headers), json});
    else
        cors_answer_failure(connection);
    buffer_release(&headers);
}
