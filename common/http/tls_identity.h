/* Who a server is under TLS: its certificate and the key of it, and what it agrees to: TLS 1.2 and 1.3, http/1.1, session tickets. Its files can be read
 * again while connections exist: those that exist keep what they have.
 *
 * The key's file must be its owner's alone (trusted_file.h).
 */
#pragma once

#include "common/text.h"

struct ssl_st;

enum {
    TLS_IDENTITY_WRONG_MAX = 512,
    TLS_IDENTITY_NAME_MAX = 128,
    TLS_RECORD_MAX = 16384 /* bytes in a record that we write */
};

typedef struct tls_identity tls_identity_t;

/* certificate, key: files in PEM; the first may have the certificates up to the root behind its own. NULL, and `wrong` says why: "/etc/key.pem: others may
 * read it: …". */
tls_identity_t *tls_identity_new(const char *certificate, const char *key, char wrong[static TLS_IDENTITY_WRONG_MAX]);
void tls_identity_destroy(tls_identity_t **self);

/* Handshakes from now on use these. False, and nothing changes, with the reason in `wrong`. */
bool tls_identity_renew(tls_identity_t *self, const char *certificate, const char *key,
                        char wrong[static TLS_IDENTITY_WRONG_MAX]);

/* When the certificate is no longer valid, seconds since 1970; and whom it names, valid until the next renewal. */
int64_t tls_identity_until_s(const tls_identity_t *self);
const char *tls_identity_name(const tls_identity_t *self);

/* For stream.c: one side of a new connection, NULL without memory. And its handshakes, those that failed not among them, and those. */
struct ssl_st *tls_identity_session(const tls_identity_t *self);

typedef struct {
    uint64_t shaken, failed;
} tls_counts_t;

tls_counts_t *tls_identity_counts(tls_identity_t *self);
