/* A client's connection: bytes in, bytes out, as they are or under TLS, so that whoever reads does not know which.
 *
 * Under TLS certificates are not checked, which would say nothing of a server's speed; all else is as clients do it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ssl_st;

/* What clients under TLS have in common. Threads may share it. */
typedef struct bench_tls bench_tls_t;

/* how: "full": all shake hands in full; "tickets": each resumes by the newest ticket that any of them was given, once there is one. version: 12, 13; 0: the
 * newest that the server has. NULL when there is nothing of that name. */
bench_tls_t *bench_tls_new(const char *how, unsigned version);
void bench_tls_destroy(bench_tls_t **self_ref);

/* How many have resumed. */
uint64_t bench_tls_resumed(const bench_tls_t *self);

typedef struct {
    int fd;
    struct ssl_st *session; /* NULL: without TLS */
} bench_stream_t;

/* A connection over a blocking socket, which is its own from now on; waits for the handshake. tls: NULL: without. False, and it is closed, when that fails. */
bool bench_stream_open(bench_stream_t *self, int fd, bench_tls_t *tls);
void bench_stream_close(bench_stream_t *self);

/* Waits until the server has shaken hands, too, and has given its ticket. */
bool bench_stream_settle(bench_stream_t *self);

/* As recv without waiting; under TLS as many records as there are and fit. */
ssize_t bench_stream_read(bench_stream_t *self, char *room, size_t length);

/* Is there something to be read that poll does not see? */
bool bench_stream_holds(const bench_stream_t *self);

/* All of it, which is short; false when the other side is gone. */
bool bench_stream_write(bench_stream_t *self, const char *bytes, size_t length);
