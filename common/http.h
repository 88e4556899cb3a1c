/* A whole HTTP answer from an lws callback. For boundary files. */
#pragma once

#include "common/text.h"

struct lws;

typedef struct {
    unsigned status;
    const char *content_type;
    const char *headers; /* further ones, each ended with \r\n; NULL: Cache-Control: no-store */
    bool head;           /* the request was HEAD; where lws still has it, http_answer sees that itself */
    text_t body;         /* left out of the answer to HEAD, but counted in Content-Length; copied, unless … */
    size_t room;         /* … so many bytes in front of it may be written to, which are enough for the head */
} http_answer_t;

/* In LWS_CALLBACK_HTTP: sends the answer and says what to return from the callback: 0 to go on with the connection, -1 to close it. */
int http_answer(struct lws *wsi, const http_answer_t *answer);

/* The path of the request, without its query, as libwebsockets hands it to LWS_CALLBACK_HTTP; and whether it is GET or HEAD. */
text_t http_path(const void *in, size_t length);
bool http_is_read(struct lws *wsi);
