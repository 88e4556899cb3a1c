#include "gatewayd/auth/jwk.h"

#include "common/base64url.h"
#include "common/json/json.h"
#include "gatewayd/auth/members.h"

#include <openssl/crypto.h>

enum { VALUES = 2, VALUE_MAX = 8192 };

/* The members that are bytes, in base64url. False where one is missing or invalid. */
static bool read_values(text_t json, const char *const names[VALUES], buffer_t values[VALUES])
{
    for (size_t i = 0; i < VALUES && names[i]; i++) {
        text_t text;
        if (!members_text(json, names[i], &text) || text.length == 0 || !base64url_decode(&values[i], text))
            return false;
    }
    return true;
}

typedef jwt_key_t *jwk_make_fn(text_t json, text_t first, text_t second, const char **wrong);

static jwt_key_t *make_secret(text_t json, text_t k, text_t unused, const char **wrong)
{
    (void)json, (void)unused;
    return jwt_key_new_secret(k, wrong);
}

static jwt_key_t *make_rsa(text_t json, text_t n, text_t e, const char **wrong)
{
    (void)json;
    return jwt_key_new_rsa(n, e, wrong);
}

static jwt_key_t *make_ec(text_t json, text_t x, text_t y, const char **wrong)
{
    text_t curve;
    *wrong = "expected crv P-256 or P-384";
    return members_text(json, "crv", &curve) ? jwt_key_new_ec(curve, x, y, wrong) : NULL;
}

static jwt_key_t *make_okp(text_t json, text_t x, text_t unused, const char **wrong)
{
    text_t curve;
    (void)unused;
    *wrong = "expected crv Ed25519";
    return members_text(json, "crv", &curve) && text_equal(curve, TEXT("Ed25519")) ? jwt_key_new_ed25519(x, wrong) : NULL;
}

static const struct {
    const char *kty, *values[VALUES];
    jwk_make_fn *make;
    const char *wrong; /* when a value is */
} kinds[] = {
    {"oct", {"k"}, make_secret, "expected k in base64url"},
    {"RSA", {"n", "e"}, make_rsa, "expected n and e in base64url"},
    {"EC", {"x", "y"}, make_ec, "expected x and y in base64url"},
    {"OKP", {"x"}, make_okp, "expected x in base64url"},
};

static jwt_key_t *make_key(text_t json, bool secrets, const char **wrong)
{
    text_t kty;
    buffer_t values[VALUES] = {buffer_new(VALUE_MAX), buffer_new(VALUE_MAX)};
    jwt_key_t *key = NULL;
    *wrong = "expected kty oct, RSA, EC or OKP";
    for (size_t i = 0; members_text(json, "kty", &kty) && i < sizeof kinds / sizeof *kinds; i++) {
        if (!text_equal(kty, text_of(kinds[i].kty)))
            continue;
        *wrong = kinds[i].wrong;
        if (kinds[i].make == make_secret && !secrets)
            *wrong = "a secret (oct), which only a file that is its owner's alone may hold";
        else if (read_values(json, kinds[i].values, values))
            key = kinds[i].make(json, buffer_text(&values[0]), buffer_text(&values[1]), wrong);
    }
    for (size_t i = 0; i < VALUES; i++) {
        if (values[i].bytes)
            OPENSSL_cleanse(values[i].bytes, values[i].length);
        buffer_release(&values[i]);
    }
    return key;
}

/* Whoever says what it is for has to name checking signatures among it. */
static bool is_to_verify(text_t json)
{
    text_t use, operation, operations = json_member(json, "key_ops");
    if (!members_text(json, "use", &use) || (use.length > 0 && !text_equal(use, TEXT("sig"))))
        return false;
    if (operations.length == 0)
        return true;
    if (json_kind(operations) != JSON_ARRAY)
        return false;
    json_walk_t walk = json_walk(operations);
    while (json_next(&walk))
        if (json_plain_string(walk.value, &operation) && text_equal(operation, TEXT("verify")))
            return true;
    return false;
}

static const char *add_names(jwt_key_t *key, text_t json)
{
    text_t id = json_member(json, "kid"), name;
    jwt_algorithm_t algorithm;
    if (!members_text(json, "alg", &name) || (name.length > 0 && !jwt_algorithm_parse(name, &algorithm)))
        return "expected alg HS256, RS256, PS256, ES256, ES384 or EdDSA";
    if (name.length > 0 && !jwt_key_restrict(key, algorithm))
        return "alg does not fit kty and crv";
    if (id.length > 0 && (json_kind(id) != JSON_STRING || !jwt_key_set_id(key, (text_t){id.at + 1, id.length - 2})))
        return "expected kid to be a text of at most 256 bytes";
    return NULL;
}

jwt_key_t *jwk_read(text_t json, bool secrets, const char **wrong)
{
    if (!members_unique(json)) {
        *wrong = "expected an object of at most 64 members, none of them twice";
        return NULL;
    }
    if (!is_to_verify(json)) {
        *wrong = "not for checking signatures (use, key_ops)";
        return NULL;
    }
    jwt_key_t *key = make_key(json, secrets, wrong);
    if (key && (*wrong = add_names(key, json)))
        jwt_key_destroy(&key);
    return key;
}
