#include "common/http/tls_identity.h"

#include "common/trusted_file.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct tls_identity {
    SSL_CTX *settings;
    tls_counts_t counts;
    int64_t until_s;
    char name[TLS_IDENTITY_NAME_MAX];
};

/* --- what is wrong --- */

static_assert((int)TLS_IDENTITY_WRONG_MAX >= (int)TRUSTED_FILE_WRONG_MAX, "what is wrong with a file can be told");

static bool refuse(char *wrong, const char *path, const char *why)
{
    snprintf(wrong, TLS_IDENTITY_WRONG_MAX, "%.300s: %s", path, why);
    return false;
}

static bool refuse_for(char *wrong, const char *path, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    char why[200];
    snprintf(why, sizeof why, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
    return refuse(wrong, path, why);
}

/* --- its files --- */

static FILE *open_file(const char *path, trusted_file_t trust, char *wrong)
{
    int fd = trusted_file_open(path, trust, wrong);
    FILE *file = fd != -1 ? fdopen(fd, "r") : NULL;
    if (!file && fd != -1) {
        refuse(wrong, path, "no memory");
        close(fd);
    }
    return file;
}

/* There is nobody to ask. */
static int no_password(char *room, int size, int writing, void *arg)
{
    (void)room, (void)size, (void)writing, (void)arg;
    return -1;
}

/* Its own first, and behind it those up to the root. */
static bool read_chain(SSL_CTX *settings, FILE *file)
{
    X509 *certificate = PEM_read_X509_AUX(file, NULL, no_password, NULL);
    bool good = certificate && SSL_CTX_use_certificate(settings, certificate) == 1;
    X509_free(certificate);
    while (good && (certificate = PEM_read_X509(file, NULL, no_password, NULL))) {
        good = SSL_CTX_add0_chain_cert(settings, certificate) == 1;
        if (!good)
            X509_free(certificate);
    }
    if (good && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return false;
    ERR_clear_error();
    return good;
}

static bool use_certificate(SSL_CTX *settings, const char *path, char *wrong)
{
    FILE *file = open_file(path, TRUSTED_FILE_OPEN, wrong);
    if (!file)
        return false;
    bool good = read_chain(settings, file);
    fclose(file);
    return good || refuse_for(wrong, path, "expected a certificate in PEM");
}

static bool use_key(SSL_CTX *settings, const char *path, const char *certificate, char *wrong)
{
    FILE *file = open_file(path, TRUSTED_FILE_SECRET, wrong);
    if (!file)
        return false;
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, no_password, NULL);
    fclose(file);
    bool good = false;
    if (!key)
        refuse_for(wrong, path, "expected a private key in PEM without a password");
    else if (X509_check_private_key(SSL_CTX_get0_certificate(settings), key) != 1)
        snprintf(wrong, TLS_IDENTITY_WRONG_MAX, "%.200s: is not the key of the certificate in %.200s", path, certificate);
    else
        good = SSL_CTX_use_PrivateKey(settings, key) == 1 || refuse_for(wrong, path, "can't be used");
    EVP_PKEY_free(key);
    return good;
}

/* --- what is agreed to --- */

/* Whoever names protocols and not ours would misunderstand us (RFC 7301, section 3.2). */
static int choose_protocol(SSL *session, const unsigned char **chosen, unsigned char *length, const unsigned char *offered,
                           unsigned offered_length, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *found;
    (void)session, (void)arg;
    if (SSL_select_next_proto(&found, length, ours, sizeof ours - 1, offered, offered_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* Mozilla's intermediate list without DHE: forward secrecy, and AEAD only. AES-128 comes first: nothing that is known makes AES-256 safer here, and a fan-out is
 * mostly sealing. */
static const char suites_1_3[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char suites_1_2[] = "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20";

/* byte_stream.c relies on these: what one read takes is a whole record, so that nothing waits where the loop does not see it. A peer that ends the connection without saying so has not cut off anything: requests and frames have lengths. */
static bool set_rules(SSL_CTX *settings)
{
    static const unsigned char context[] = "dataflow";
    SSL_CTX_set_mode(settings, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_clear_mode(settings, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(settings, 0);
    SSL_CTX_set_options(settings, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                      SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(settings, SSL_SESS_CACHE_OFF); /* tickets need none */
    SSL_CTX_set_num_tickets(settings, 1);
    SSL_CTX_set_alpn_select_cb(settings, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(settings, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(settings, suites_1_3) == 1 && SSL_CTX_set_cipher_list(settings, suites_1_2) == 1 &&
           SSL_CTX_set_max_send_fragment(settings, TLS_RECORD_MAX) == 1 &&
           SSL_CTX_set_session_id_context(settings, context, sizeof context - 1) == 1;
}

static SSL_CTX *read_settings(const char *certificate, const char *key, char *wrong)
{
    ERR_clear_error();
    SSL_CTX *settings = SSL_CTX_new(TLS_server_method());
    if (!settings || !set_rules(settings))
        refuse_for(wrong, certificate, "no memory");
    else if (use_certificate(settings, certificate, wrong) && use_key(settings, key, certificate, wrong))
        return settings;
    SSL_CTX_free(settings);
    ERR_clear_error();
    return NULL;
}

/* --- tls_identity.h --- */

static void describe(tls_identity_t *self)
{
    struct tm parts;
    const X509 *certificate = SSL_CTX_get0_certificate(self->settings);
    self->until_s = ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1 ? (int64_t)timegm(&parts) : 0;
    X509_NAME_oneline(X509_get_subject_name(certificate), self->name, sizeof self->name);
}

bool tls_identity_renew(tls_identity_t *self, const char *certificate, const char *key,
                        char wrong[static TLS_IDENTITY_WRONG_MAX])
{
    SSL_CTX *settings = read_settings(certificate, key, wrong);
    if (!settings)
        return false;
    SSL_CTX_free(self->settings); /* whoever uses it keeps it */
    self->settings = settings;
    describe(self);
    return true;
}

tls_identity_t *tls_identity_new(const char *certificate, const char *key, char wrong[static TLS_IDENTITY_WRONG_MAX])
{
    tls_identity_t *self = calloc(1, sizeof *self);
    if (!self)
        refuse(wrong, certificate, "no memory");
    else if (!tls_identity_renew(self, certificate, key, wrong))
        tls_identity_destroy(&self);
    return self;
}

void tls_identity_destroy(tls_identity_t **self_p)
{
    tls_identity_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    SSL_CTX_free(self->settings);
    free(self);
}

int64_t tls_identity_until_s(const tls_identity_t *self)
{
    return self->until_s;
}

const char *tls_identity_name(const tls_identity_t *self)
{
    return self->name;
}

SSL *tls_identity_session(const tls_identity_t *self)
{
    return SSL_new(self->settings);
}

tls_counts_t *tls_identity_counts(tls_identity_t *self)
{
    return &self->counts;
}
