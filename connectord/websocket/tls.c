#include "connectord/websocket/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

struct tls_trust {
    SSL_CTX *settings;
    char plain[SSL3_RT_MAX_PLAIN_LENGTH]; /* a record at a time */
};

struct tls {
    SSL *session;
    BIO *in, *out; /* the session's */
    tls_trust_t *trust;
    char wrong[TLS_WRONG_MAX];
};

static const char *name_of(unsigned long error)
{
    return ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : ERR_reason_error_string(error);
}

static bool read_certificates(SSL_CTX *settings, const char *ca)
{
    if (ca[0] == '\0')
        return SSL_CTX_set_default_verify_paths(settings) == 1;
    return SSL_CTX_load_verify_locations(settings, ca, NULL) == 1;
}

/* ALPN keeps a server from choosing HTTP/2. */
static bool set_rules(SSL_CTX *settings)
{
    static const unsigned char alpn[] = "\x08http/1.1";
    SSL_CTX_set_verify(settings, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_options(settings, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    return SSL_CTX_set_min_proto_version(settings, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_alpn_protos(settings, alpn, sizeof alpn - 1) == 0;
}

tls_trust_t *tls_trust_new(const char *ca, const char **wrong)
{
    ERR_clear_error();
    *wrong = "no memory";
    tls_trust_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->settings = SSL_CTX_new(TLS_client_method());
    if (self->settings && set_rules(self->settings) && read_certificates(self->settings, ca))
        return self;
    const char *error = name_of(ERR_peek_error());
    *wrong = error ? error : *wrong;
    tls_trust_destroy(&self);
    return NULL;
}

void tls_trust_destroy(tls_trust_t **self_p)
{
    tls_trust_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    SSL_CTX_free(self->settings);
    free(self);
}

/* An address is checked as one, and is no name to ask for (RFC 6066, section 3). */
static bool expect_host(SSL *session, const char *host)
{
    X509_VERIFY_PARAM *wanted = SSL_get0_param(session);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host) == 1)
        return true;
    return X509_VERIFY_PARAM_set1_host(wanted, host, 0) == 1 && SSL_set_tlsext_host_name(session, host) == 1;
}

tls_t *tls_new(tls_trust_t *trust, const char *host)
{
    tls_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self =
        (tls_t){.session = SSL_new(trust->settings), .in = BIO_new(BIO_s_mem()), .out = BIO_new(BIO_s_mem()), .trust = trust};
    if (!self->session || !self->in || !self->out || !expect_host(self->session, host)) {
        BIO_free(self->in);
        BIO_free(self->out);
        SSL_free(self->session);
        free(self);
        return NULL;
    }
    SSL_set_bio(self->session, self->in, self->out);
    SSL_set_connect_state(self->session);
    return self;
}

void tls_destroy(tls_t **self_p)
{
    tls_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    SSL_free(self->session);
    free(self);
}

bool tls_feed(tls_t *self, text_t bytes)
{
    return bytes.length == 0 || BIO_write(self->in, bytes.at, (int)bytes.length) == (int)bytes.length;
}

static void explain(tls_t *self)
{
    long verified = SSL_get_verify_result(self->session);
    const char *reason = name_of(ERR_peek_last_error());
    if (verified != X509_V_OK)
        snprintf(self->wrong, sizeof self->wrong, "certificate: %s", X509_verify_cert_error_string(verified));
    else
        snprintf(self->wrong, sizeof self->wrong, "TLS: %s", reason ? reason : "no reason is known");
}

/* result: of a call of OpenSSL's that did not succeed. */
static tls_result_t judge(tls_t *self, int result)
{
    switch (SSL_get_error(self->session, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WAITING;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_ENDED;
    default:
        explain(self);
        return TLS_FAILED;
    }
}

tls_result_t tls_shake_hands(tls_t *self)
{
    ERR_clear_error();
    int result = SSL_do_handshake(self->session);
    return result == 1 ? TLS_DONE : judge(self, result);
}

tls_result_t tls_read(tls_t *self, text_t *text)
{
    ERR_clear_error();
    int result = SSL_read(self->session, self->trust->plain, sizeof self->trust->plain);
    if (result <= 0)
        return judge(self, result);
    *text = (text_t){self->trust->plain, (size_t)result};
    return TLS_DONE;
}

bool tls_write(tls_t *self, text_t text)
{
    ERR_clear_error();
    return SSL_write(self->session, text.at, (int)text.length) == (int)text.length;
}

void tls_end(tls_t *self)
{
    ERR_clear_error();
    SSL_shutdown(self->session);
}

text_t tls_output(const tls_t *self)
{
    char *at = NULL;
    long length = BIO_get_mem_data(self->out, &at);
    return (text_t){at, length > 0 ? (size_t)length : 0};
}

void tls_was_sent(tls_t *self)
{
    (void)BIO_reset(self->out);
}

const char *tls_wrong(const tls_t *self)
{
    return self->wrong;
}
