/* A set of keys: of a JWKS document (RFC 7517, section 5), of a PEM file, or one shared secret. Never changes. */
#pragma once

#include "gatewayd/auth/jwt_key.h"

enum {
    JWKS_KEYS_MAX = 64,
    JWKS_DOCUMENT_MAX = 256 << 10, /* bytes: longer ones are not read */
    JWKS_TRIED_MAX = 4,            /* keys for one token: checking a signature takes time */
    JWKS_ERROR_MAX = 256
};

typedef struct jwks jwks_t;

/* Reads a JWKS document, a single JWK, or the public keys of a PEM file, told apart by how they begin. Keys of kinds that are unknown here, or that are
 * not for checking signatures, are skipped, as long as one is left. secrets: may there be secrets (oct) among them? NULL with `error`, which holds nothing
 * of the document. */
jwks_t *jwks_read(text_t document, bool secrets, char error[static JWKS_ERROR_MAX]);

/* One secret, for HS256, without a name: the text without white space around it, JWT_SECRET_MIN to JWT_SECRET_MAX bytes. */
jwks_t *jwks_read_secret(text_t text, char error[static JWKS_ERROR_MAX]);

void jwks_destroy(jwks_t **self);

size_t jwks_count(const jwks_t *self);
size_t jwks_skipped(const jwks_t *self);

/* Which keys may have signed it: those of its name, or if there are none, those without a name; of a token that names none, all; and of these, those for
 * its algorithm. They are put behind the first *count of `keys`; where more than JWKS_TRIED_MAX come together only so many are kept, but all are
 * counted. Returns whether there is one of its name, whatever it is for. */
bool jwks_find(const jwks_t *self, const jwt_wanted_key_t *wanted, const jwt_key_t *keys[static JWKS_TRIED_MAX], size_t *count);
