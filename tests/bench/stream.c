#include "tests/bench/stream.h"

#include "tests/bench/link.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    AHEAD = 65536,   /* bytes taken from the system at once: some records */
    AT_ONCE = 32768, /* and opened before they are looked at: as much as a core has at hand */
    PATIENCE_MS = 20000
};

struct bench_tls {
    SSL_CTX *settings;
    bool resumes;
    _Atomic uint64_t resumed;
    pthread_mutex_t lock;
    SSL_SESSION *newest; /* NULL: no ticket yet */
};

/* --- what they have in common --- */

/* A session's application data says that its ticket has come. */
static int on_ticket(SSL *session, SSL_SESSION *ticket)
{
    bench_tls_t *self = SSL_CTX_get_app_data(SSL_get_SSL_CTX(session));
    SSL_set_app_data(session, self);
    if (!self->resumes)
        return 0;
    pthread_mutex_lock(&self->lock);
    SSL_SESSION *former = self->newest;
    self->newest = ticket; /* it is ours: 1 says so */
    pthread_mutex_unlock(&self->lock);
    SSL_SESSION_free(former);
    return 1;
}

/* Buffers are there while there is something in them: there are thousands of clients. */
static bool set_rules(bench_tls_t *self, int version)
{
    SSL_CTX *settings = self->settings;
    SSL_CTX_set_app_data(settings, self);
    SSL_CTX_set_verify(settings, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(settings, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_clear_mode(settings, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(settings, 1);
    SSL_CTX_set_default_read_buffer_len(settings, AHEAD);
    SSL_CTX_set_options(settings, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(settings, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(settings, on_ticket);
    return SSL_CTX_set_min_proto_version(settings, version) == 1 && SSL_CTX_set_max_proto_version(settings, version) == 1;
}

bench_tls_t *bench_tls_new(const char *how, unsigned version)
{
    bool resumes = strcmp(how, "tickets") == 0, known = version == 0 || version == 12 || version == 13;
    if (!known || (!resumes && strcmp(how, "full") != 0))
        return NULL;
    bench_tls_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    pthread_mutex_init(&self->lock, NULL);
    self->resumes = resumes;
    self->settings = SSL_CTX_new(TLS_client_method());
    if (!self->settings || !set_rules(self, version == 12 ? TLS1_2_VERSION : version == 13 ? TLS1_3_VERSION : 0))
        bench_tls_destroy(&self);
    return self;
}

void bench_tls_destroy(bench_tls_t **self_ref)
{
    bench_tls_t *self = *self_ref;
    *self_ref = NULL;
    if (!self)
        return;
    SSL_SESSION_free(self->newest);
    SSL_CTX_free(self->settings);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

uint64_t bench_tls_resumed(const bench_tls_t *self)
{
    return atomic_load(&self->resumed);
}

/* --- under TLS --- */

static bool offer_ticket(bench_tls_t *self, SSL *session)
{
    pthread_mutex_lock(&self->lock);
    bool offered = !self->newest || SSL_set_session(session, self->newest) == 1;
    pthread_mutex_unlock(&self->lock);
    return offered;
}

static bool shake(bench_stream_t *self, bench_tls_t *tls)
{
    ERR_clear_error();
    self->session = SSL_new(tls->settings);
    if (!self->session || SSL_set_fd(self->session, self->fd) != 1 || !offer_ticket(tls, self->session) ||
        SSL_connect(self->session) != 1)
        return false;
    tls->resumed += SSL_session_reused(self->session);
    return fcntl(self->fd, F_SETFL, O_NONBLOCK) == 0;
}

static ssize_t judge(const bench_stream_t *self, int result)
{
    switch (SSL_get_error(self->session, result)) {
    case SSL_ERROR_WANT_READ:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        errno = ECONNRESET;
        return -1;
    }
}

static ssize_t read_tls(bench_stream_t *self, char *room, size_t length)
{
    size_t taken = 0;
    int got;
    ERR_clear_error();
    do {
        got = SSL_read(self->session, room + taken, (int)(length - taken));
        taken += got > 0 ? (size_t)got : 0;
    } while (got > 0 && taken < length && taken < AT_ONCE && SSL_has_pending(self->session));
    return taken > 0 ? (ssize_t)taken : judge(self, got);
}

/* --- stream.h --- */

bool bench_stream_open(bench_stream_t *self, int fd, bench_tls_t *tls)
{
    *self = (bench_stream_t){.fd = fd};
    if (!tls || shake(self, tls))
        return true;
    bench_stream_close(self);
    return false;
}

void bench_stream_close(bench_stream_t *self)
{
    if (self->session) {
        ERR_clear_error();
        if (SSL_is_init_finished(self->session))
            SSL_shutdown(self->session);
        SSL_free(self->session);
    }
    close(self->fd);
    *self = (bench_stream_t){.fd = -1};
}

/* Until TLS 1.2 the server gave its ticket before its end of the handshake. */
bool bench_stream_settle(bench_stream_t *self)
{
    char byte;
    struct pollfd awaited = {.fd = self->fd, .events = POLLIN};
    while (self->session && SSL_version(self->session) >= TLS1_3_VERSION && !SSL_get_app_data(self->session)) {
        ssize_t got = poll(&awaited, 1, PATIENCE_MS) == 1 ? read_tls(self, &byte, 1) : 0;
        if (got == 0 || (got == -1 && errno != EAGAIN))
            return false;
    }
    return true;
}

ssize_t bench_stream_read(bench_stream_t *self, char *room, size_t length)
{
    return self->session ? read_tls(self, room, length) : recv(self->fd, room, length, MSG_DONTWAIT);
}

bool bench_stream_holds(const bench_stream_t *self)
{
    return self->session && SSL_has_pending(self->session);
}

bool bench_stream_write(bench_stream_t *self, const char *bytes, size_t length)
{
    if (!self->session)
        return link_send(self->fd, bytes, length);
    ERR_clear_error();
    return SSL_write(self->session, bytes, (int)length) == (int)length;
}
