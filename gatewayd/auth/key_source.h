/* Where keys come from: a file, which is read again when somebody says so, or a URL, which is asked again and again.
 *
 *     file     JWKS or PEM (jwks.h); secrets in it only if the file is its owner's alone (mode 0600)
 *     secret   a file with one shared secret, its owner's alone
 *     url      JWKS or PEM, without secrets; asked every refresh_ms, and at once when a token names a key that is not among them, but not more often than every
 *              KEY_SOURCE_REST_MS; while it does not answer, or with something else, the keys that there are stay
 */
#pragma once

#include "common/loop/loop.h"
#include "gatewayd/auth/jwks.h"

enum {
    KEY_SOURCE_REST_MS = 30000,
    KEY_SOURCE_FIRST_MS = 1000, /* the first wait for a URL that does not answer */
    KEY_SOURCE_ERROR_MAX = 768
};

typedef enum { KEYS_FILE, KEYS_SECRET, KEYS_URL } key_source_kind_t;

typedef struct {
    key_source_kind_t kind;
    const char *place; /* a path or a URL */
    const char *ca;    /* of a URL: file of the CA certificates to trust; empty: the system's */
    uint32_t refresh_ms;
    uint32_t rest_ms; /* KEY_SOURCE_REST_MS, but in tests */
} key_source_config_t;

typedef struct key_source key_source_t;

/* Copies the configuration. NULL with `error`: a file can't be used, the URL is invalid, or memory runs out. A URL is asked from the loop: it may be away. */
key_source_t *key_source_new(loop_t *loop, const key_source_config_t *config, char error[static KEY_SOURCE_ERROR_MAX]);
void key_source_destroy(key_source_t **self);

/* NULL: none yet. Valid until the loop runs on, or key_source_reload. */
const jwks_t *key_source_keys(const key_source_t *self);

/* Somebody brings what newer keys might let in. */
void key_source_miss(key_source_t *self);

/* Reads the file again, or asks the URL. False with `error`, and the keys stay: the file can't be used. */
bool key_source_reload(key_source_t *self, char error[static KEY_SOURCE_ERROR_MAX]);

/* Is it of that kind and place? */
bool key_source_is(const key_source_t *self, const key_source_config_t *config);

/* How often the keys were read and could be used, and how often not. */
typedef struct {
    uint64_t loaded, failed;
} key_source_counts_t;

key_source_counts_t key_source_counts(const key_source_t *self);
