#include "gatewayd/rest/rest_answer.h"

#include "gatewayd/admission/cors_answer.h"
#include "gatewayd/forms/accept.h"
#include "gatewayd/rest/sse_format.h"

void rest_answer_init(rest_answer_t *self, const http_request_t *request)
{
    *self = (rest_answer_t){.body = buffer_new(0),
                            .gzip = accept_gzip(http_request_field(request, "Accept-Encoding")),
                            .known = http_request_field(request, "If-None-Match"),
                            .origin = http_request_field(request, "Origin")};
}

static const char *content_type(const rest_answer_t *self)
{
    if (self->status >= 400)
        return "application/problem+json";
    return self->route && rest_is_stream(self->route) ? SSE_FORMAT_TYPE : "application/json";
}

void rest_answer_put_refusal(auth_refusal_t refusal, buffer_t *headers)
{
    unsigned status = auth_refusal_words(refusal)->status;
    if (status != 401 && status != 403) {
        buffer_append(headers, TEXT("Retry-After: 1\r\n"));
        return;
    }
    buffer_append(headers, TEXT("WWW-Authenticate: "));
    auth_refusal_put_challenge(refusal, headers);
    buffer_append(headers, TEXT("\r\n"));
}

static void put_headers(const rest_answer_t *self, const cors_t *reading, const char *tag, bool gzip, buffer_t *headers)
{
    buffer_append(headers, TEXT("Vary: Accept-Encoding\r\n"));
    cors_append(reading, self->origin, headers);
    if (tag[0])
        buffer_printf(headers, "Cache-Control: %sno-cache\r\nETag: W/%s\r\n", self->is_private ? "private, " : "", tag);
    else
        buffer_append(headers, TEXT("Cache-Control: no-store\r\n"));
    if (gzip)
        buffer_append(headers, TEXT("Content-Encoding: gzip\r\n"));
    if (self->refusal != AUTH_GRANTED)
        rest_answer_put_refusal(self->refusal, headers);
    else if (self->status == 503)
        buffer_append(headers, TEXT("Retry-After: 1\r\n"));
    if (self->retry_s > 0)
        buffer_printf(headers, "Retry-After: %llu\r\n", (unsigned long long)self->retry_s);
    if (self->status == 405)
        buffer_printf(headers, "Allow: %s\r\n", self->methods);
}

/* The body as it is sent; *gzip: compressed. */
static text_t choose_body(rest_answer_t *self, recent_t *recent, text_t body, buffer_t *packed, bool *gzip)
{
    *gzip = false;
    if (!self->gzip || self->status == 304 || body.length < GZIP_MIN || body.length > GZIP_MAX)
        return body;
    text_t shorter = {"", 0};
    if (self->ready)
        shorter = recent_compressed(recent, self->ready);
    else if (accept_compress(packed, body))
        shorter = buffer_text(packed);
    *gzip = shorter.length > 0;
    return *gzip ? shorter : body;
}

/* A problem in place of a body that may not wait for the peer. */
static void fit(rest_answer_t *self, http_connection_t *connection)
{
    size_t length = self->ready ? answer_text(self->ready).length : self->body.length;
    if (http_admits(connection, length))
        return;
    self->ready = NULL;
    self->status = rest_problem(&self->body, 503, "Too many bytes wait for clients: come back later");
}

void rest_answer_send(rest_answer_t *self, http_connection_t *connection, const cors_t *reading, recent_t *recent)
{
    fit(self, connection);
    char tag[ACCEPT_TAG_SIZE] = "";
    bool gzip;
    buffer_t headers = buffer_new(0), packed = buffer_new(0);
    buffer_append(&self->body, TEXT("\n"));
    text_t body = self->ready ? answer_text(self->ready) : buffer_text(&self->body);
    if (self->ready)
        memcpy(tag, self->ready->tag, sizeof tag);
    else if (self->status == 200 && (!self->route || rest_is_cacheable(self->route)))
        accept_tag(tag, body);
    if (tag[0] && accept_has_tag(self->known, text_of(tag)))
        self->status = 304;
    http_answer_t answer = {.content_type = content_type(self)};
    answer.body = choose_body(self, recent, body, &packed, &gzip);
    answer.status = self->status;
    put_headers(self, reading, tag, gzip, &headers);
    answer.headers = buffer_text(&headers);
    if (buffer_ok(&headers) && buffer_ok(&self->body))
        http_answer(connection, &answer);
    else
        cors_answer_failure(connection);
    buffer_release(&packed);
    buffer_release(&headers);
}
