#include "common/http/http_answer.h"

#include "common/clock.h"

#include <time.h>

enum { DATE_LINE_MAX = 64 };

static const char *reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {202, "Accepted"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {414, "URI Too Long"},
        {408, "Request Timeout"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Answer";
}

/* Text by text: buffer_printf took a tenth of an answer's time. */
static void put(buffer_t *out, const char *text)
{
    buffer_append(out, text_of(text));
}

text_t http_date_line(void)
{
    static char line[DATE_LINE_MAX];
    static size_t length;
    static time_t printed;
    time_t now = (time_t)(clock_real_ns() / NS_PER_S);
    struct tm parts;
    if (now != printed && gmtime_r(&now, &parts)) {
        length = strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
        printed = now;
    }
    return (text_t){line, length};
}

void http_answer_print(const http_answer_t *self, http_future_t future, text_t more, buffer_t *out)
{
    static const char *const connections[] = {
        [HTTP_STAYS] = "", [HTTP_STAYS_OLD] = "Connection: keep-alive\r\n", [HTTP_ENDS] = "Connection: close\r\n"};
    buffer_append(out, TEXT("HTTP/1.1 "));
    buffer_append_u64(out, self->status);
    put(out, " ");
    put(out, reason(self->status));
    put(out, "\r\nContent-Type: ");
    put(out, self->content_type);
    if (self->status !=
        304) { /* which has no body, whatever the length says, and would have to tell that of the one left out */
        put(out, "\r\nContent-Length: ");
        buffer_append_u64(out, self->body.length);
    }
    put(out, "\r\nX-Content-Type-Options: nosniff\r\n");
    buffer_append(out, http_date_line());
    put(out, connections[future]);
    buffer_append(out, more);
    buffer_append(out, self->headers.length > 0 ? self->headers : TEXT("Cache-Control: no-store\r\n"));
    put(out, "\r\n");
}
