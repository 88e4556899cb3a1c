/* Bytes in, bytes out: a connection's descriptor, which does not block, as it is or under TLS. For boundary files.
 *
 * Under TLS the handshake is a part of reading: until hands are shaken, nothing has come. Each call takes what the peer has sent up to the end of one record at
 * most, and holds nothing back, so that the loop sees that there is more as it does without TLS.
 *
 * What was written is taken, and whoever wrote it forgets it; but under TLS the end of it, sealed, may have to wait until the system takes more
 * (byte_stream_waits), and nothing can be written meanwhile.
 */
#pragma once

#include "common/http/tls_identity.h"

#include <sys/types.h>

enum {
    BYTE_STREAM_SHAKING_BYTES = 49152, /* of memory while hands are shaken */
    BYTE_STREAM_WAITING_MAX = 49152    /* bytes that wait: of a peer that stays slow hardly more than a record */
};

typedef struct {
    int fd;
    struct byte_stream_tls *tls; /* NULL: without */
} byte_stream_t;

/* A connection over the descriptor, which is its own from now on, closed too where there is no memory: false. identity: NULL: without TLS; it outlives the
 * connection. */
bool byte_stream_open(byte_stream_t *self, int fd, tls_identity_t *identity);

/* Nothing may be done with it after this. The peer is told that nothing follows, where it can be without waiting. */
void byte_stream_close(byte_stream_t *self);

/* As recv: how many bytes have come; 0: the peer sends nothing more; -1 with errno: EAGAIN, or it is broken. room: 16 KiB or more. */
ssize_t byte_stream_read(byte_stream_t *self, char *room, size_t length);

/* Two parts, one behind the other. How many of the bytes were taken: none while it waits; -1 with errno: EAGAIN, or it is broken. */
ssize_t byte_stream_write(byte_stream_t *self, text_t head, text_t body);

/* It waits for the system to take more: `byte_stream_flush` when the loop says that it does. */
bool byte_stream_waits(const byte_stream_t *self);

/* The descriptor can be written to: false where it is broken. It may still wait. */
bool byte_stream_flush(byte_stream_t *self);

/* To be read when the descriptor can be written to: hands can't be shaken otherwise. */
bool byte_stream_reads_when_writable(const byte_stream_t *self);

/* Bytes of memory that it has beside what one has with which nothing happens: BYTE_STREAM_SHAKING_BYTES, or what waits. */
size_t byte_stream_held(const byte_stream_t *self);

/* Nothing more goes out; 0, or -1: it is broken. Once. */
int byte_stream_end(byte_stream_t *self);
