/* A key that tokens are checked with, and the algorithms that it may be used for (RFC 7518, RFC 8037).
 *
 * What a key is decides about the algorithms: a secret is for HMAC alone, and an RSA key never is a secret, whatever a token says.
 */
#pragma once

#include "common/text.h"

typedef enum { JWT_HS256, JWT_RS256, JWT_PS256, JWT_ES256, JWT_ES384, JWT_EDDSA, JWT_ALGORITHMS } jwt_algorithm_t;

enum {
    JWT_SECRET_MIN = 32, /* bytes: as many as SHA-256 has (RFC 7518, 3.2) */
    JWT_SECRET_MAX = 4096,
    JWT_RSA_MIN = 2048, /* bits (RFC 7518, 3.3) */
    JWT_RSA_MAX = 8192,
    JWT_KEY_ID_MAX = 256
};

/* "RS256". False for any other name. */
bool jwt_algorithm_parse(text_t name, jwt_algorithm_t *out);

/* What a token says of its key. */
typedef struct {
    jwt_algorithm_t algorithm;
    bool has_id;
    text_t id;
} jwt_wanted_key_t;

typedef struct jwt_key jwt_key_t;
struct evp_pkey_st;

/* All copy what they are given. NULL with *wrong, a constant text that says what was expected. n, e, x, y: big-endian. */
jwt_key_t *jwt_key_new_secret(text_t secret, const char **wrong);
jwt_key_t *jwt_key_new_rsa(text_t n, text_t e, const char **wrong);
jwt_key_t *jwt_key_new_ec(text_t curve, text_t x, text_t y, const char **wrong); /* P-256, P-384 */
jwt_key_t *jwt_key_new_ed25519(text_t x, const char **wrong);

/* Of a public key of OpenSSL's, which becomes the jwt_key_t's, or is freed. */
jwt_key_t *jwt_key_new_public(struct evp_pkey_st *key, const char **wrong);

void jwt_key_destroy(jwt_key_t **self);

/* The name that tokens call it by. False when it is longer than JWT_KEY_ID_MAX bytes or memory runs out. */
bool jwt_key_set_id(jwt_key_t *self, text_t id);

/* Is that its name? A key without one has none. */
bool jwt_key_is(const jwt_key_t *self, text_t id);
bool jwt_key_has_id(const jwt_key_t *self);

/* From now on for this algorithm only. False when it is not one of the key's. */
bool jwt_key_restrict(jwt_key_t *self, jwt_algorithm_t algorithm);

bool jwt_key_allows(const jwt_key_t *self, jwt_algorithm_t algorithm);

/* Was the text signed with the key, by an algorithm that it allows? Takes some 2 µs (HS256) to 300 µs (ES384). */
bool jwt_key_verify(const jwt_key_t *self, jwt_algorithm_t algorithm, text_t signed_text, text_t signature);
