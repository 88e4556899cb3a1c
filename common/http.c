#include "common/http.h"

#include "common/buffer.h"

#include <libwebsockets.h>

static const char *reason(unsigned status)
{
    switch (status) {
    case 200:
        return "OK";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    default:
        return "Answer";
    }
}

/* The status line and the headers. */
static void print_head(const http_answer_t *answer, buffer_t *out)
{
    buffer_printf(out,
                  "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                  "X-Content-Type-Options: nosniff\r\n%s\r\n",
                  answer->status, reason(answer->status), answer->content_type, answer->body.length,
                  answer->headers ? answer->headers : "Cache-Control: no-store\r\n");
}

int http_answer(struct lws *wsi, const http_answer_t *answer)
{
    static const char padding[LWS_PRE]; /* lws writes in front of what it is given */
    buffer_t out = buffer_new(0);
    buffer_append(&out, (text_t){padding, LWS_PRE});
    print_head(answer, &out);
    bool head = answer->head || lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    bool in_place = !head && buffer_ok(&out) && out.length <= answer->room;
    if (!head && !in_place)
        buffer_append(&out, answer->body);
    int rc = -1;
    if (buffer_ok(&out)) {
        size_t length = out.length - LWS_PRE;
        unsigned char *bytes = (unsigned char *)out.bytes + LWS_PRE;
        if (in_place) {
            bytes = (unsigned char *)(uintptr_t)answer->body.at - length;
            memcpy(bytes, out.bytes + LWS_PRE, length);
            length += answer->body.length;
        }
        int sent = lws_write(wsi, bytes, length, LWS_WRITE_HTTP_FINAL);
        if (sent >= (int)length && lws_http_transaction_completed(wsi) == 0)
            rc = 0;
    }
    buffer_release(&out);
    return rc;
}

text_t http_path(const void *in, size_t length)
{
    const char *query = memchr(in, '?', length);
    return (text_t){in, query ? (size_t)(query - (const char *)in) : length};
}

bool http_is_read(struct lws *wsi)
{
    return lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0 || lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
}
