#include "tests/simulator/http.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/simulator/control.h"

enum {
    PATH_BYTES = 128,
    HEADERS_BYTES = 1024,
    PIECE_BYTES = 64 * 1024,
    BODY_MAX_BYTES = 4 * 1024 * 1024,
};

static const char time_unit_header[] = "x-mbx-time-unit:";

/* A request and its reply; the wsi's opaque user data. */
typedef struct {
    sim_exchange_t *exchange;
    char path[PATH_BYTES];
    control_request_t request;
    char *body;
    control_reply_t reply; /* status 0: none yet */
    bool headers_sent;
    size_t sent; /* bytes of the reply's body */
} sim_http_t;

/* --- the request ------------------------------------------------------------------------------------------------- */

static const char *request_method(struct lws *wsi)
{
    if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0)
        return "GET";
    return lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0 ? "POST" : "another method";
}

static long request_content_length(struct lws *wsi)
{
    char text[24];
    return lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 ? strtol(text, NULL, 10) : 0;
}

/* name=value, by libwebsockets already cut at '&' and decoded. False when there are too many, or one is too long. */
static bool request_parameters(struct lws *wsi, control_request_t *request)
{
    char text[2 * CONTROL_TEXT_BYTES];
    for (int i = 0;; i++) {
        const int length = lws_hdr_copy_fragment(wsi, text, sizeof text, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (length == -1)
            return true;
        char *value = length > 0 ? strchr(text, '=') : NULL;
        if (value)
            *value++ = '\0';
        if (length < 0 || request->parameter_count == CONTROL_PARAMETERS_MAX || strlen(text) >= CONTROL_TEXT_BYTES ||
            (value && strlen(value) >= CONTROL_TEXT_BYTES))
            return false;
        control_parameter_t *parameter = &request->parameters[request->parameter_count++];
        snprintf(parameter->name, sizeof parameter->name, "%s", text);
        snprintf(parameter->value, sizeof parameter->value, "%s", value ? value : "");
    }
}

static int reply(struct lws *wsi, sim_http_t *self, control_reply_t with)
{
    self->reply = with;
    if (with.delay_ms > 0)
        lws_set_timer_usecs(wsi, (lws_usec_t)(with.delay_ms * 1000));
    else
        lws_callback_on_writable(wsi);
    return 0;
}

int http_due(struct lws *wsi)
{
    sim_http_t *self = lws_get_opaque_user_data(wsi);
    if (self) {
        self->reply.delay_ms = 0;
        lws_callback_on_writable(wsi);
    }
    return 0;
}

int http_request(struct lws *wsi, sim_exchange_t *exchange, const char *path)
{
    sim_http_t *self = calloc(1, sizeof *self);
    if (!self)
        return -1;
    lws_set_opaque_user_data(wsi, self);
    self->exchange = exchange;
    self->reply.file = -1;
    snprintf(self->path, sizeof self->path, "%s", path);
    self->request.path = self->path;
    self->request.method = request_method(wsi);
    lws_hdr_custom_copy(wsi, self->request.time_unit, sizeof self->request.time_unit, time_unit_header,
                        sizeof time_unit_header - 1);
    const long body_length = request_content_length(wsi);
    if (!request_parameters(wsi, &self->request))
        return reply(wsi, self, control_error(400, "expected at most %d short parameters", CONTROL_PARAMETERS_MAX));
    if (body_length < 0 || body_length > BODY_MAX_BYTES)
        return reply(wsi, self, control_error(413, "body: expected at most %d bytes, found %ld", BODY_MAX_BYTES, body_length));
    if (body_length == 0)
        return reply(wsi, self, control_handle(exchange, &self->request));
    self->body = malloc((size_t)body_length);
    return self->body ? 0 : -1;
}

int http_body(struct lws *wsi, const char *bytes, size_t length)
{
    sim_http_t *self = lws_get_opaque_user_data(wsi);
    if (!self || !self->body) /* replied already */
        return 0;
    if (length > (size_t)request_content_length(wsi) - self->request.body_length)
        return -1;
    memcpy(self->body + self->request.body_length, bytes, length);
    self->request.body_length += length;
    return 0;
}

int http_body_complete(struct lws *wsi)
{
    sim_http_t *self = lws_get_opaque_user_data(wsi);
    if (!self || self->reply.status != 0)
        return 0;
    self->request.body = self->body;
    return reply(wsi, self, control_handle(self->exchange, &self->request));
}

void http_closed(struct lws *wsi)
{
    sim_http_t *self = lws_get_opaque_user_data(wsi);
    if (!self)
        return;
    control_reply_release(&self->reply);
    free(self->body);
    free(self);
    lws_set_opaque_user_data(wsi, NULL);
}

/* --- the reply --------------------------------------------------------------------------------------------------- */

/* Every reply ends its connection: clients of a test tool need no more, and each request has its own state. */
static int send_headers(struct lws *wsi, const control_reply_t *with)
{
    unsigned char buffer[LWS_PRE + HEADERS_BYTES], *start = buffer + LWS_PRE, *at = start, *end = buffer + sizeof buffer;
    static const unsigned char close_text[] = "close";
    const char *type = with->type ? with->type : with->body ? "application/json" : "application/x-ndjson";
    if (lws_add_http_common_headers(wsi, (unsigned)with->status, type, with->length, &at, end) != 0 ||
        lws_add_http_header_by_token(wsi, WSI_TOKEN_CONNECTION, close_text, sizeof close_text - 1, &at, end) != 0)
        return -1;
    if (with->header &&
        lws_add_http_header_by_name(wsi, (const unsigned char *)with->header, (const unsigned char *)with->header_value,
                                    (int)strlen(with->header_value), &at, end) != 0)
        return -1;
    return lws_finalize_write_http_header(wsi, start, &at, end);
}

/* The next piece of the body goes to buffer; its length, 0 at the end, -1 when it can't be read. */
static ssize_t reply_piece(const sim_http_t *self, unsigned char *buffer)
{
    const size_t left = (self->reply.cut ? self->reply.cut : self->reply.length) - self->sent,
                 length = left < PIECE_BYTES ? left : PIECE_BYTES;
    if (!self->reply.body)
        return pread(self->reply.file, buffer, length, (off_t)self->sent);
    memcpy(buffer, self->reply.body + self->sent, length);
    return (ssize_t)length;
}

int http_writable(struct lws *wsi)
{
    sim_http_t *self = lws_get_opaque_user_data(wsi);
    if (!self || self->reply.status == 0 || self->reply.delay_ms > 0)
        return 0;
    if (!self->headers_sent) {
        self->headers_sent = true;
        if (send_headers(wsi, &self->reply) != 0)
            return -1;
        lws_callback_on_writable(wsi);
        return 0;
    }
    unsigned char buffer[LWS_PRE + PIECE_BYTES];
    const ssize_t length = reply_piece(self, buffer + LWS_PRE);
    if (length <= 0)
        return -1;
    self->sent += (size_t)length;
    const bool last = self->sent == self->reply.length || self->sent == self->reply.cut;
    if (lws_write(wsi, buffer + LWS_PRE, (size_t)length, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) != length || last)
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

/* Written by hand: before the upgrade libwebsockets does not know the version yet, and would answer with HTTP/1.0. */
int http_refuse(struct lws *wsi, const char *status, const char *headers, const char *text)
{
    char buffer[LWS_PRE + HEADERS_BYTES];
    const int length =
        snprintf(buffer + LWS_PRE, HEADERS_BYTES,
                 "HTTP/1.1 %s\r\n%scontent-type: text/plain\r\ncontent-length: %zu\r\nconnection: close\r\n\r\n%s", status,
                 headers, strlen(text), text);
    lws_write(wsi, (unsigned char *)buffer + LWS_PRE, (size_t)length, LWS_WRITE_HTTP_FINAL);
    return -1; /* ends the connection, once this is out */
}
