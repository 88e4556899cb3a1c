#include "common/http/byte_stream.h"

#include "common/http/http_answer.h"
#include "common/log.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static_assert(TLS_RECORD_MAX <= SSL3_RT_MAX_PLAIN_LENGTH, "it is one record");

struct byte_stream_tls {
    SSL *session;
    tls_counts_t *counts;
    size_t waiting; /* bytes that were taken, and whose record has to go out yet */
    bool shaken;
    bool wants_writable; /* to be read on */
    bool broken;
    bool ended;
};

/* --- under TLS --- */

/* Whoever forgot the s is told so, in the clear. */
static void answer_plain(int fd)
{
    char rest[4096];
    buffer_t bytes = buffer_new(0);
    http_answer_t answer = {
        .status = 400, .content_type = "application/json", .body = TEXT(HTTP_ERROR_BODY("expected https:// or wss://"))};
    while (recv(fd, rest, sizeof rest, MSG_DONTWAIT) == sizeof rest) /* unread, it would destroy the answer on its way */
        ;
    http_answer_print(&answer, HTTP_ENDS, TEXT(""), &bytes);
    buffer_append(&bytes, answer.body);
    if (buffer_ok(&bytes))
        (void)!send(fd, bytes.bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    buffer_release(&bytes);
}

static void give_up(const byte_stream_t *self)
{
    static log_limit_t limit;
    struct byte_stream_tls *tls = self->tls;
    unsigned long error = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(error);
    tls->broken = true;
    if (tls->shaken)
        return;
    tls->counts->failed++;
    log_info_limited(&limit, "tls: a handshake failed", LOG_TEXT("reason", reason ? reason : "the peer is gone"));
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST)
        answer_plain(self->fd);
}

static void look_at_hands(struct byte_stream_tls *tls)
{
    if (tls->shaken || !SSL_is_init_finished(tls->session))
        return;
    tls->shaken = true;
    tls->counts->shaken++;
}

/* What a call of OpenSSL's that took or gave nothing says. */
static ssize_t judge(const byte_stream_t *self, int result)
{
    struct byte_stream_tls *tls = self->tls;
    switch (SSL_get_error(tls->session, result)) {
    case SSL_ERROR_WANT_READ:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_WANT_WRITE:
        tls->wants_writable = true;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        give_up(self);
        errno = ECONNRESET;
        return -1;
    }
}

static ssize_t read_tls(byte_stream_t *self, char *room, size_t length)
{
    struct byte_stream_tls *tls = self->tls;
    assert(length >= SSL3_RT_MAX_PLAIN_LENGTH);
    if (tls->broken) {
        errno = ECONNRESET;
        return -1;
    }
    ERR_clear_error();
    tls->wants_writable = false;
    int got = SSL_read(tls->session, room, length < INT32_MAX ? (int)length : INT32_MAX);
    look_at_hands(tls);
    return got > 0 ? got : judge(self, got);
}

/* Of a peer that wants shorter ones (RFC 6066, section 4), too. */
static size_t record_max(const SSL *session)
{
    unsigned mode = SSL_SESSION_get_max_fragment_length(SSL_get_session(session));
    return mode == TLSEXT_max_fragment_length_DISABLED ? TLS_RECORD_MAX : (size_t)256 << mode;
}

/* The bytes of a record, from the first `skipped` on: where they stand, or put together in `room`. */
static text_t record_of(text_t head, text_t body, size_t skipped, size_t most, char *room)
{
    if (skipped >= head.length)
        return text_cut((text_t){body.at + (skipped - head.length), body.length - (skipped - head.length)}, most);
    text_t first = text_cut((text_t){head.at + skipped, head.length - skipped}, most);
    text_t second = text_cut(body, most - first.length);
    if (second.length == 0)
        return first;
    memcpy(room, first.at, first.length);
    memcpy(room + first.length, second.at, second.length);
    return (text_t){room, first.length + second.length};
}

/* A record that the system does not take is sealed by then: it is taken, and is finished by byte_stream_flush. */
static ssize_t write_tls(byte_stream_t *self, text_t head, text_t body)
{
    static char room[TLS_RECORD_MAX];
    struct byte_stream_tls *tls = self->tls;
    size_t length = head.length + body.length, taken = 0, most = record_max(tls->session);
    while (taken < length && !tls->broken && tls->waiting == 0) {
        text_t record = record_of(head, body, taken, most, room);
        ERR_clear_error();
        int put = SSL_write(tls->session, record.at, (int)record.length);
        if (put > 0) {
            taken += (size_t)put;
        } else if (SSL_get_error(tls->session, put) == SSL_ERROR_WANT_WRITE) {
            tls->waiting = record.length;
            taken += record.length;
        } else {
            give_up(self);
        }
    }
    errno = tls->broken ? ECONNRESET : EAGAIN;
    return tls->broken || taken == 0 ? -1 : (ssize_t)taken;
}

/* OpenSSL has the record, and looks at how long it is, not at the bytes that it was made of. */
static bool flush_tls(byte_stream_t *self)
{
    static const char anything[TLS_RECORD_MAX];
    struct byte_stream_tls *tls = self->tls;
    if (tls->broken)
        return false;
    if (tls->waiting == 0)
        return true;
    ERR_clear_error();
    int put = SSL_write(tls->session, anything, (int)tls->waiting);
    if (put > 0)
        tls->waiting = 0;
    else if (SSL_get_error(tls->session, put) != SSL_ERROR_WANT_WRITE)
        give_up(self);
    return !tls->broken;
}

/* Nothing follows. Where a record has to go out first, or hands are not shaken, nobody is told. */
static void end_tls(struct byte_stream_tls *tls)
{
    if (tls->ended || tls->broken || tls->waiting > 0 || !tls->shaken)
        return;
    tls->ended = true;
    ERR_clear_error();
    SSL_shutdown(tls->session);
}

static bool open_tls(byte_stream_t *self, tls_identity_t *identity)
{
    self->tls = calloc(1, sizeof *self->tls);
    if (!self->tls)
        return false;
    self->tls->session = tls_identity_session(identity);
    self->tls->counts = tls_identity_counts(identity);
    if (!self->tls->session || SSL_set_fd(self->tls->session, self->fd) != 1)
        return false;
    SSL_set_accept_state(self->tls->session);
    return true;
}

/* --- stream.h --- */

bool byte_stream_open(byte_stream_t *self, int fd, tls_identity_t *identity)
{
    *self = (byte_stream_t){.fd = fd};
    if (!identity || open_tls(self, identity))
        return true;
    byte_stream_close(self);
    return false;
}

void byte_stream_close(byte_stream_t *self)
{
    if (self->tls) {
        end_tls(self->tls);
        SSL_free(self->tls->session);
        free(self->tls);
    }
    close(self->fd);
    *self = (byte_stream_t){.fd = -1};
}

ssize_t byte_stream_read(byte_stream_t *self, char *room, size_t length)
{
    return self->tls ? read_tls(self, room, length) : recv(self->fd, room, length, MSG_DONTWAIT);
}

ssize_t byte_stream_write(byte_stream_t *self, text_t head, text_t body)
{
    if (self->tls)
        return write_tls(self, head, body);
    if (body.length == 0)
        return send(self->fd, head.at, head.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    struct iovec parts[] = {{(void *)(uintptr_t)head.at, head.length}, {(void *)(uintptr_t)body.at, body.length}};
    return sendmsg(self->fd, &(struct msghdr){.msg_iov = parts, .msg_iovlen = 2}, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool byte_stream_waits(const byte_stream_t *self)
{
    return self->tls && self->tls->waiting > 0;
}

bool byte_stream_flush(byte_stream_t *self)
{
    return !self->tls || flush_tls(self);
}

bool byte_stream_reads_when_writable(const byte_stream_t *self)
{
    return self->tls && self->tls->wants_writable;
}

bool byte_stream_shaking(const byte_stream_t *self)
{
    return self->tls && !self->tls->shaken;
}

int byte_stream_end(byte_stream_t *self)
{
    if (self->tls)
        end_tls(self->tls);
    return shutdown(self->fd, SHUT_WR);
}
