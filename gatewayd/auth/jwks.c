#include "gatewayd/auth/jwks.h"

#include "common/json/json.h"
#include "common/json/json_plain.h"
#include "gatewayd/auth/jwk.h"
#include "gatewayd/auth/members.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#define PEM_BEGIN   "-----BEGIN "
#define PEM_PUBLIC  "-----BEGIN PUBLIC KEY-----"
#define PEM_PRIVATE "PRIVATE KEY-----"

struct jwks {
    jwt_key_t *keys[JWKS_KEYS_MAX];
    size_t count, skipped;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static text_t without_space(text_t text)
{
    while (text.length > 0 && is_space(text.at[0]))
        text = (text_t){text.at + 1, text.length - 1};
    while (text.length > 0 && is_space(text.at[text.length - 1]))
        text.length--;
    return text;
}

/* --- JSON --- */

/* False when there are too many. */
static bool add_jwk(jwks_t *self, text_t json, bool secrets, const char **wrong)
{
    if (self->count + self->skipped == JWKS_KEYS_MAX)
        return false;
    jwt_key_t *key = jwk_read(json, secrets, wrong);
    if (key)
        self->keys[self->count++] = key;
    else
        self->skipped++;
    return true;
}

static void read_keys(jwks_t *self, text_t keys, bool secrets, char error[static JWKS_ERROR_MAX])
{
    const char *wrong = "the list is empty";
    json_walk_t walk = json_walk(keys);
    while (json_next(&walk)) {
        if (!add_jwk(self, walk.value, secrets, &wrong)) {
            snprintf(error, JWKS_ERROR_MAX, "expected at most %d keys", JWKS_KEYS_MAX);
            return;
        }
    }
    if (self->count == 0)
        snprintf(error, JWKS_ERROR_MAX, "none of %zu keys can be used; the last: %s", self->skipped, wrong);
}

static void read_json(jwks_t *self, text_t json, bool secrets, char error[static JWKS_ERROR_MAX])
{
    const char *wrong = NULL;
    text_t keys = json_member(json, "keys");
    if (!members_unique(json))
        snprintf(error, JWKS_ERROR_MAX, "expected a JSON object of at most %d members, none of them twice", MEMBERS_MAX);
    else if (json_kind(keys) == JSON_ARRAY)
        read_keys(self, keys, secrets, error);
    else if (keys.length > 0 || json_member(json, "kty").length == 0)
        snprintf(error, JWKS_ERROR_MAX, "expected a list \"keys\"");
    else if (add_jwk(self, json, secrets, &wrong) && self->count == 0)
        snprintf(error, JWKS_ERROR_MAX, "the key can't be used: %s", wrong);
}

/* --- PEM --- */

static void read_pem(jwks_t *self, text_t pem, char error[static JWKS_ERROR_MAX])
{
    const char *wrong = NULL;
    BIO *bytes = BIO_new_mem_buf(pem.at, (int)pem.length);
    EVP_PKEY *key;
    while (bytes && !wrong && (key = PEM_read_bio_PUBKEY(bytes, NULL, NULL, NULL))) {
        if (self->count == JWKS_KEYS_MAX) {
            EVP_PKEY_free(key);
            wrong = "expected at most 64 keys";
            break;
        }
        self->keys[self->count] = jwt_key_new_public(key, &wrong);
        self->count += self->keys[self->count] != NULL;
    }
    BIO_free(bytes);
    ERR_clear_error();
    if (wrong || self->count == 0)
        snprintf(error, JWKS_ERROR_MAX, "%s", wrong ? wrong : "expected " PEM_PUBLIC ", and a key behind it");
}

/* Only what checks is needed here: what signs is better kept by those who sign. */
static bool is_private(text_t pem)
{
    return memmem(pem.at, pem.length, PEM_PRIVATE, sizeof PEM_PRIVATE - 1) != NULL;
}

/* --- the set --- */

jwks_t *jwks_read(text_t document, bool secrets, char error[static JWKS_ERROR_MAX])
{
    jwks_t *self = calloc(1, sizeof *self);
    buffer_t plain = buffer_new(JWKS_DOCUMENT_MAX);
    text_t text = without_space(document);
    error[0] = '\0';
    if (!self)
        snprintf(error, JWKS_ERROR_MAX, "out of memory");
    else if (document.length > JWKS_DOCUMENT_MAX)
        snprintf(error, JWKS_ERROR_MAX, "expected at most %d bytes", JWKS_DOCUMENT_MAX);
    else if (text_starts_with(text, TEXT(PEM_BEGIN)) && is_private(text))
        snprintf(error, JWKS_ERROR_MAX, "a private key; expected public ones (openssl pkey -pubout)");
    else if (text_starts_with(text, TEXT(PEM_BEGIN)))
        read_pem(self, text, error);
    else
        read_json(self, json_plain(text, &plain), secrets, error);
    buffer_release(&plain);
    if (error[0] != '\0')
        jwks_destroy(&self);
    return self;
}

jwks_t *jwks_read_secret(text_t text, char error[static JWKS_ERROR_MAX])
{
    const char *wrong = "out of memory";
    jwks_t *self = calloc(1, sizeof *self);
    if (self && (self->keys[0] = jwt_key_new_secret(without_space(text), &wrong))) {
        self->count = 1;
        return self;
    }
    snprintf(error, JWKS_ERROR_MAX, "%s", wrong);
    jwks_destroy(&self);
    return NULL;
}

void jwks_destroy(jwks_t **self_p)
{
    jwks_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->count; i++)
        jwt_key_destroy(&self->keys[i]);
    free(self);
}

size_t jwks_count(const jwks_t *self)
{
    return self->count;
}

size_t jwks_skipped(const jwks_t *self)
{
    return self->skipped;
}

static bool has_named(const jwks_t *self, const jwt_wanted_key_t *wanted)
{
    for (size_t i = 0; wanted->has_id && i < self->count; i++)
        if (jwt_key_is(self->keys[i], wanted->id))
            return true;
    return false;
}

bool jwks_find(const jwks_t *self, const jwt_wanted_key_t *wanted, const jwt_key_t *keys[static JWKS_TRIED_MAX], size_t *count)
{
    bool named = has_named(self, wanted);
    for (size_t i = 0; i < self->count; i++) {
        const jwt_key_t *key = self->keys[i];
        bool fits = !wanted->has_id || (named ? jwt_key_is(key, wanted->id) : !jwt_key_has_id(key));
        if (!fits || !jwt_key_allows(key, wanted->algorithm))
            continue;
        if (*count < JWKS_TRIED_MAX)
            keys[*count] = key;
        (*count)++;
    }
    return named;
}
