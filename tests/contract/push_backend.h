/* For the connector "push": a server that hands it requests, and who posts to it, each in a thread of its own. */
#pragma once

#include "common/http/http_server.h"
#include "connectord/connectors/connector.h"

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PUSH_POSTERS_MAX = 64 };

#define PUSH_BACKEND_TOKEN "0123456789abcdef"

typedef struct {
    http_server_t *server;
    struct sockaddr_in address;
    pthread_t posters[PUSH_POSTERS_MAX];
    size_t count;
} push_backend_t;

typedef struct {
    struct sockaddr_in address;
    char *request; /* owned */
} push_poster_t;

/* It does not wait for an answer: what becomes of its records the connector tells. */
static void *push_poster_run(void *arg)
{
    push_poster_t *self = arg;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const char *at = self->request;
    ssize_t sent = connect(fd, (const struct sockaddr *)&self->address, sizeof self->address) == 0 ? 0 : -1;
    while (sent >= 0 && *at != '\0') {
        sent = send(fd, at, strlen(at), MSG_NOSIGNAL);
        at += sent > 0 ? sent : 0;
    }
    close(fd);
    free(self->request);
    free(self);
    return NULL;
}

/* lines: NDJSON. */
static inline void push_backend_post(push_backend_t *self, const char *lines)
{
    push_poster_t *poster = calloc(1, sizeof *poster);
    ck_assert_ptr_nonnull(poster);
    ck_assert_uint_lt(self->count, PUSH_POSTERS_MAX);
    poster->address = self->address;
    ck_assert_int_gt(asprintf(&poster->request,
                              "POST /push/exchange HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " PUSH_BACKEND_TOKEN
                              "\r\nContent-Type: application/x-ndjson\r\nContent-Length: %zu\r\n\r\n%s",
                              strlen(lines), lines),
                     0);
    ck_assert_int_eq(pthread_create(&self->posters[self->count++], NULL, push_poster_run, poster), 0);
}

/* At a port that nobody has. */
static inline void push_backend_start(push_backend_t *self, loop_t *loop, http_request_fn *request)
{
    char text[32];
    socklen_t length = sizeof self->address;
    *self = (push_backend_t){.address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&self->address, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&self->address, &length), 0);
    close(fd);
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(self->address.sin_port));
    self->server = http_server_new(loop, &(http_config_t){.listen = {{.address = text}}}, request, NULL);
    ck_assert_ptr_nonnull(self->server);
}

/* Whoever still posts finds its connection gone. */
static inline void push_backend_release(push_backend_t *self)
{
    http_server_destroy(&self->server);
    while (self->count > 0)
        pthread_join(self->posters[--self->count], NULL);
}
