/* An HTTP server in the test's own loop: it answers each request with the bytes that the test appends, well-formed or not. */
#pragma once

#include "common/buffer.h"
#include "common/loop/loop.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

typedef struct http_answers {
    uv_tcp_t listener;
    char url[64]; /* http://127.0.0.1:PORT */
    int requests, connections;
    bool hangs_up;      /* behind each answer */
    bool mute;          /* says nothing */
    char request[4096]; /* the last one */
    /* Appends the answer to a request. */
    void (*answer)(struct http_answers *self, const char *request, buffer_t *out);
} http_answers_t;

typedef struct {
    uv_tcp_t tcp;
    http_answers_t *server;
    buffer_t in;
} http_answered_t;

typedef struct {
    uv_write_t write;
    buffer_t out;
} http_answering_t;

static void http_answers_on_closed(uv_handle_t *handle)
{
    http_answered_t *self = handle->data;
    buffer_release(&self->in);
    free(self);
}

static void http_answers_end(http_answered_t *self)
{
    if (!uv_is_closing((uv_handle_t *)&self->tcp))
        uv_close((uv_handle_t *)&self->tcp, http_answers_on_closed);
}

static void http_answers_on_written(uv_write_t *write, int status)
{
    http_answering_t *answering = (http_answering_t *)(void *)write;
    http_answered_t *self = write->handle->data;
    (void)status;
    if (self->server->hangs_up)
        http_answers_end(self);
    buffer_release(&answering->out);
    free(answering);
}

static void http_answers_take(http_answered_t *self, size_t length)
{
    http_answers_t *server = self->server;
    http_answering_t *answering = calloc(1, sizeof *answering);
    ck_assert_ptr_nonnull(answering);
    answering->out = buffer_new(0);
    server->requests++;
    snprintf(server->request, sizeof server->request, "%.*s", (int)length, self->in.bytes);
    buffer_consume(&self->in, length);
    server->answer(server, server->request, &answering->out);
    uv_buf_t bytes = uv_buf_init(answering->out.bytes, (unsigned)answering->out.length);
    if (!server->mute && uv_write(&answering->write, (uv_stream_t *)&self->tcp, &bytes, 1, http_answers_on_written) == 0)
        return;
    buffer_release(&answering->out);
    free(answering);
}

static void http_answers_on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    http_answered_t *self = handle->data;
    (void)suggested;
    *out = uv_buf_init(buffer_room(&self->in, 4096), 4096);
}

static void http_answers_on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *bytes)
{
    http_answered_t *self = stream->data;
    const char *end;
    (void)bytes;
    if (length < 0) {
        http_answers_end(self);
        return;
    }
    buffer_took(&self->in, (size_t)length);
    while (self->in.length > 0 && (end = memmem(self->in.bytes, self->in.length, "\r\n\r\n", 4)))
        http_answers_take(self, (size_t)(end + 4 - self->in.bytes));
}

static void http_answers_on_connection(uv_stream_t *listener, int status)
{
    http_answered_t *self = calloc(1, sizeof *self);
    ck_assert_ptr_nonnull(self);
    ck_assert_int_eq(status, 0);
    self->server = listener->data;
    self->in = buffer_new(0);
    self->server->connections++;
    uv_tcp_init(listener->loop, &self->tcp);
    self->tcp.data = self;
    ck_assert_int_eq(uv_accept(listener, (uv_stream_t *)&self->tcp), 0);
    uv_read_start((uv_stream_t *)&self->tcp, http_answers_on_room, http_answers_on_read);
}

static inline void http_answers_start(http_answers_t *self, loop_t *loop,
                                      void (*answer)(http_answers_t *self, const char *request, buffer_t *out))
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int length = sizeof address;
    *self = (http_answers_t){.answer = answer};
    uv_tcp_init(loop_uv(loop), &self->listener);
    self->listener.data = self;
    ck_assert_int_eq(uv_tcp_bind(&self->listener, (struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&self->listener, 64, http_answers_on_connection), 0);
    ck_assert_int_eq(uv_tcp_getsockname(&self->listener, (struct sockaddr *)&address, &length), 0);
    snprintf(self->url, sizeof self->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

static void http_answers_close(uv_handle_t *handle, void *arg)
{
    http_answers_t *self = arg;
    if (handle->type == UV_TCP && handle->data != self && !uv_is_closing(handle) &&
        ((http_answered_t *)handle->data)->server == self)
        uv_close(handle, http_answers_on_closed);
}

/* The client must be gone; no other TCP of libuv's may be on the loop. */
static inline void http_answers_stop(http_answers_t *self)
{
    if (!self->answer)
        return;
    uv_loop_t *uv = self->listener.loop;
    uv_close((uv_handle_t *)&self->listener, NULL);
    uv_walk(uv, http_answers_close, self);
    uv_run(uv, UV_RUN_NOWAIT);
}

/* A whole answer; `headers`: each with its CRLF. */
static inline void http_answers_print(buffer_t *out, const char *status, const char *headers, text_t body)
{
    buffer_printf(out, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers, body.length);
    buffer_append(out, body);
}
