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

enum {
    BURST_MIN = TLS_RECORD_MAX, /* bytes that are sealed before the system is asked to take them */
    BURST_MAX = 2 * TLS_RECORD_MAX,
    SEALED_MAX = BYTE_STREAM_WAITING_MAX /* with the heads and seals of the shortest records that a peer may want */
};

struct byte_stream_tls {
    SSL *session;
    tls_counts_t *counts;
    buffer_t waiting; /* sealed, and not taken by the system yet */
    unsigned burst;   /* BURST_MIN to BURST_MAX: a peer that is slow has little waiting for it */
    bool shaken;
    bool wants_writable; /* to be read on */
    bool broken;
    bool ended;
};

/* --- its end --- */

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
    bool known = tls->broken;
    tls->broken = true;
    if (known || tls->shaken)
        return;
    tls->counts->failed++;
    log_info_limited(&limit, "tls: a handshake failed", LOG_TEXT("reason", reason ? reason : "the peer is gone"));
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST)
        answer_plain(self->fd);
}

/* --- what OpenSSL writes --- */

/* Of the connection that it is called for. The system takes many records at once: a call for each would cost more than to seal it. */
static struct {
    char bytes[SEALED_MAX];
    size_t length;
    bool ends; /* with the record that comes next, which needs no copy then */
} sealed;

/* Returns how many of the new bytes the system has taken. An error is there again when the rest is handed over. */
static size_t hand_over_with(int fd, text_t bytes)
{
    struct iovec parts[] = {{sealed.bytes, sealed.length}, {(void *)(uintptr_t)bytes.at, bytes.length}};
    ssize_t sent = sendmsg(fd, &(struct msghdr){.msg_iov = parts, .msg_iovlen = 2}, MSG_DONTWAIT | MSG_NOSIGNAL);
    size_t taken = sent > 0 ? (size_t)sent : 0, of_gathered = taken < sealed.length ? taken : sealed.length;
    memmove(sealed.bytes, sealed.bytes + of_gathered, sealed.length - of_gathered);
    sealed.length -= of_gathered;
    return taken - of_gathered;
}

static int gather(BIO *bio, const char *bytes, int length)
{
    size_t sent = sealed.ends ? hand_over_with((int)BIO_get_fd(bio, NULL), (text_t){bytes, (size_t)length}) : 0;
    bytes += sent;
    length -= (int)sent;
    size_t room = SEALED_MAX - sealed.length, taken = (size_t)length < room ? (size_t)length : room;
    BIO_clear_retry_flags(bio);
    if (sent == 0 && taken == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    memcpy(sealed.bytes + sealed.length, bytes, taken);
    sealed.length += taken;
    return (int)(sent + taken);
}

/* Reads as OpenSSL's own for sockets does. NULL without memory. */
static BIO *gathering_socket(int fd)
{
    static BIO_METHOD *method;
    const BIO_METHOD *socket = BIO_s_socket();
    if (!method && (method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gathering socket"))) {
        BIO_meth_set_write(method, gather);
        BIO_meth_set_read(method, BIO_meth_get_read(socket));
        BIO_meth_set_ctrl(method, BIO_meth_get_ctrl(socket));
        BIO_meth_set_create(method, BIO_meth_get_create(socket));
        BIO_meth_set_destroy(method, BIO_meth_get_destroy(socket));
    }
    BIO *bio = method ? BIO_new(method) : NULL;
    if (bio)
        BIO_set_fd(bio, fd, BIO_NOCLOSE);
    return bio;
}

/* Returns how many bytes the system has taken. */
static size_t hand_over(const byte_stream_t *self, text_t bytes)
{
    ssize_t sent = bytes.length > 0 ? send(self->fd, bytes.at, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
    if (sent == -1 && errno != EAGAIN && errno != EINTR)
        give_up(self);
    return sent > 0 ? (size_t)sent : 0;
}

static void hand_over_waiting(const byte_stream_t *self)
{
    struct byte_stream_tls *tls = self->tls;
    buffer_consume(&tls->waiting, hand_over(self, buffer_text(&tls->waiting)));
    if (tls->waiting.length == 0)
        buffer_release(&tls->waiting);
}

/* What is sealed goes out, or waits behind what does already. */
static void hand_over_sealed(const byte_stream_t *self)
{
    struct byte_stream_tls *tls = self->tls;
    text_t rest = {sealed.bytes, sealed.length};
    sealed.length = 0;
    if (rest.length == 0 || tls->broken)
        return;
    size_t sent = tls->waiting.length == 0 ? hand_over(self, rest) : 0;
    if (sent == rest.length)
        return;
    buffer_reserve(&tls->waiting, tls->waiting.length + rest.length - sent);
    buffer_append(&tls->waiting, (text_t){rest.at + sent, rest.length - sent});
    if (!buffer_ok(&tls->waiting))
        give_up(self);
}

/* --- under TLS --- */

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
    hand_over_waiting(self);
    if (tls->broken) {
        errno = ECONNRESET;
        return -1;
    }
    ERR_clear_error();
    int got = SSL_read(tls->session, room, length < INT32_MAX ? (int)length : INT32_MAX);
    hand_over_sealed(self);
    look_at_hands(tls);
    tls->wants_writable = tls->waiting.length > 0;
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

/* Returns how many bytes are sealed, from the first `skipped` on: not many more than a burst. */
static size_t seal(const byte_stream_t *self, text_t head, text_t body, size_t skipped)
{
    static char room[TLS_RECORD_MAX];
    struct byte_stream_tls *tls = self->tls;
    size_t length = head.length + body.length - skipped, taken = 0, most = record_max(tls->session);
    ERR_clear_error();
    while (taken < length && taken < tls->burst && !tls->broken) {
        text_t record = record_of(head, body, skipped + taken, most, room);
        sealed.ends = taken + record.length >= length || taken + record.length >= tls->burst;
        int put = SSL_write(tls->session, record.at, (int)record.length);
        if (put > 0)
            taken += (size_t)put;
        else
            give_up(self);
    }
    sealed.ends = false;
    return taken;
}

/* What is sealed is taken: the system takes it at once, or byte_stream_flush offers it again. */
static ssize_t write_tls(const byte_stream_t *self, text_t head, text_t body)
{
    struct byte_stream_tls *tls = self->tls;
    size_t length = head.length + body.length, taken = 0;
    while (taken < length && !tls->broken && tls->waiting.length == 0) {
        taken += seal(self, head, body, taken);
        hand_over_sealed(self);
        if (tls->waiting.length > 0)
            tls->burst = BURST_MIN;
        else if (tls->burst < BURST_MAX)
            tls->burst *= 2;
    }
    errno = tls->broken ? ECONNRESET : EAGAIN;
    return tls->broken || taken == 0 ? -1 : (ssize_t)taken;
}

/* Nothing follows. Where a record has to go out first, or hands are not shaken, nobody is told. */
static void end_tls(const byte_stream_t *self)
{
    struct byte_stream_tls *tls = self->tls;
    if (tls->ended || tls->broken || tls->waiting.length > 0 || !tls->shaken)
        return;
    tls->ended = true;
    ERR_clear_error();
    SSL_shutdown(tls->session);
    hand_over_sealed(self);
}

static bool open_tls(byte_stream_t *self, tls_identity_t *identity)
{
    self->tls = calloc(1, sizeof *self->tls);
    if (!self->tls)
        return false;
    self->tls->session = tls_identity_session(identity);
    self->tls->counts = tls_identity_counts(identity);
    self->tls->waiting = buffer_new(0);
    self->tls->burst = BURST_MIN;
    BIO *bio = self->tls->session ? gathering_socket(self->fd) : NULL;
    if (!bio)
        return false;
    SSL_set_bio(self->tls->session, bio, bio);
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
        end_tls(self);
        SSL_free(self->tls->session);
        buffer_release(&self->tls->waiting);
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
    return self->tls && self->tls->waiting.length > 0;
}

bool byte_stream_flush(byte_stream_t *self)
{
    if (!self->tls)
        return true;
    hand_over_waiting(self);
    return !self->tls->broken;
}

bool byte_stream_reads_when_writable(const byte_stream_t *self)
{
    return self->tls && self->tls->wants_writable;
}

size_t byte_stream_held(const byte_stream_t *self)
{
    if (!self->tls)
        return 0;
    return self->tls->shaken ? self->tls->waiting.capacity : BYTE_STREAM_SHAKING_BYTES;
}

int byte_stream_end(byte_stream_t *self)
{
    if (self->tls)
        end_tls(self);
    return shutdown(self->fd, SHUT_WR);
}
