#include "gatewayd/auth/jwt_key.h"

#include "common/secret.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>

enum { COORDINATE_MAX = 48, DER_MAX = 2 * COORDINATE_MAX + 16, EXPONENT_MAX_BITS = 64, GROUP_MAX = 32 };

struct jwt_key {
    unsigned allowed; /* a bit for each jwt_algorithm_t */
    EVP_PKEY *pkey;   /* NULL: a secret */
    char *secret;     /* owned */
    size_t secret_length;
    char *id; /* owned; NULL: none */
    size_t id_length;
};

static const char *const names[JWT_ALGORITHMS] = {
    [JWT_HS256] = "HS256", [JWT_RS256] = "RS256", [JWT_PS256] = "PS256",
    [JWT_ES256] = "ES256", [JWT_ES384] = "ES384", [JWT_EDDSA] = "EdDSA",
};

static const struct {
    const char *name, *group; /* RFC 7518's, OpenSSL's */
    size_t bytes;             /* of a coordinate */
    jwt_algorithm_t algorithm;
} curves[] = {{"P-256", "prime256v1", 32, JWT_ES256}, {"P-384", "secp384r1", 48, JWT_ES384}};

enum { CURVES = sizeof curves / sizeof *curves };

static const char out_of_memory[] = "out of memory";

bool jwt_algorithm_parse(text_t name, jwt_algorithm_t *out)
{
    for (unsigned i = 0; i < JWT_ALGORITHMS; i++) {
        if (text_equal(name, text_of(names[i]))) {
            *out = (jwt_algorithm_t)i;
            return true;
        }
    }
    return false;
}

/* --- what keys are made of --- */

jwt_key_t *jwt_key_new_secret(text_t secret, const char **wrong)
{
    if (secret.length < JWT_SECRET_MIN || secret.length > JWT_SECRET_MAX) {
        *wrong = "expected a secret of 32 to 4096 bytes";
        return NULL;
    }
    jwt_key_t *self = calloc(1, sizeof *self);
    if (!self || !(self->secret = malloc(secret.length))) {
        jwt_key_destroy(&self);
        *wrong = out_of_memory;
        return NULL;
    }
    memcpy(self->secret, secret.at, secret.length);
    self->secret_length = secret.length;
    self->allowed = 1U << JWT_HS256;
    return self;
}

/* Small ones can be forged, and large ones make checking expensive. */
static const char *judge_rsa(const EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(key);
    if (bits < JWT_RSA_MIN || bits > JWT_RSA_MAX)
        return "expected an RSA key of 2048 to 8192 bits";
    bool fine = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) && !BN_is_one(e) &&
                BN_num_bits(e) <= EXPONENT_MAX_BITS;
    BN_free(e);
    return fine ? NULL : "expected an RSA key with an odd exponent of 3 or more, of 64 bits at most";
}

static const char *judge_ec(const EVP_PKEY *key, unsigned *allowed)
{
    char group[GROUP_MAX];
    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) != 1)
        return "expected an EC key on P-256 or P-384";
    for (size_t i = 0; i < CURVES; i++) {
        if (strcmp(group, curves[i].group) == 0) {
            *allowed = 1U << curves[i].algorithm;
            return NULL;
        }
    }
    return "expected an EC key on P-256 or P-384";
}

static const char *judge(const EVP_PKEY *key, unsigned *allowed)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        *allowed = 1U << JWT_RS256 | 1U << JWT_PS256;
        return judge_rsa(key);
    case EVP_PKEY_EC:
        return judge_ec(key, allowed);
    case EVP_PKEY_ED25519:
        *allowed = 1U << JWT_EDDSA;
        return NULL;
    default:
        return "expected a key of RSA, EC or Ed25519";
    }
}

jwt_key_t *jwt_key_new_public(EVP_PKEY *key, const char **wrong)
{
    unsigned allowed = 0;
    jwt_key_t *self = NULL;
    *wrong = judge(key, &allowed);
    if (!*wrong && !(self = calloc(1, sizeof *self)))
        *wrong = out_of_memory;
    ERR_clear_error();
    if (!self) {
        EVP_PKEY_free(key);
        return NULL;
    }
    self->pkey = key;
    self->allowed = allowed;
    return self;
}

/* NULL when the values do not make a key. */
static EVP_PKEY *from_values(const char *type, OSSL_PARAM_BLD *values)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(values);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (parameters && context && EVP_PKEY_fromdata_init(context) == 1)
        (void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    ERR_clear_error();
    return key;
}

static BIGNUM *number_of(text_t bytes)
{
    return BN_bin2bn((const unsigned char *)bytes.at, (int)bytes.length, NULL);
}

jwt_key_t *jwt_key_new_rsa(text_t n, text_t e, const char **wrong)
{
    *wrong = "expected an RSA key of 2048 to 8192 bits";
    if (n.length == 0 || n.length > JWT_RSA_MAX / 8 + 1 || e.length == 0 || e.length > JWT_RSA_MAX / 8)
        return NULL;
    BIGNUM *modulus = number_of(n), *exponent = number_of(e);
    OSSL_PARAM_BLD *values = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (modulus && exponent && values && OSSL_PARAM_BLD_push_BN(values, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(values, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
        key = from_values("RSA", values);
    OSSL_PARAM_BLD_free(values);
    BN_free(modulus);
    BN_free(exponent);
    return key ? jwt_key_new_public(key, wrong) : NULL;
}

jwt_key_t *jwt_key_new_ec(text_t curve, text_t x, text_t y, const char **wrong)
{
    size_t i = 0;
    unsigned char point[1 + 2 * COORDINATE_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    while (i < CURVES && !text_equal(curve, text_of(curves[i].name)))
        i++;
    *wrong = i < CURVES ? "expected x and y of a point on its curve" : "expected an EC key on P-256 or P-384";
    if (i == CURVES || x.length != curves[i].bytes || y.length != curves[i].bytes)
        return NULL;
    memcpy(point + 1, x.at, x.length);
    memcpy(point + 1 + x.length, y.at, y.length);
    OSSL_PARAM_BLD *values = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (values && OSSL_PARAM_BLD_push_utf8_string(values, OSSL_PKEY_PARAM_GROUP_NAME, curves[i].group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(values, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + x.length + y.length) == 1)
        key = from_values("EC", values);
    OSSL_PARAM_BLD_free(values);
    return key ? jwt_key_new_public(key, wrong) : NULL;
}

jwt_key_t *jwt_key_new_ed25519(text_t x, const char **wrong)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)x.at, x.length);
    ERR_clear_error();
    *wrong = "expected x of 32 bytes";
    return key ? jwt_key_new_public(key, wrong) : NULL;
}

void jwt_key_destroy(jwt_key_t **self_p)
{
    jwt_key_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    EVP_PKEY_free(self->pkey);
    OPENSSL_cleanse(self->secret, self->secret_length);
    free(self->secret);
    free(self->id);
    free(self);
}

/* --- what they are called, and for --- */

bool jwt_key_set_id(jwt_key_t *self, text_t id)
{
    char *copy = id.length <= JWT_KEY_ID_MAX ? malloc(id.length + 1) : NULL;
    if (!copy)
        return false;
    memcpy(copy, id.at, id.length);
    free(self->id);
    self->id = copy;
    self->id_length = id.length;
    return true;
}

bool jwt_key_has_id(const jwt_key_t *self)
{
    return self->id != NULL;
}

bool jwt_key_is(const jwt_key_t *self, text_t id)
{
    return self->id && text_equal((text_t){self->id, self->id_length}, id);
}

bool jwt_key_restrict(jwt_key_t *self, jwt_algorithm_t algorithm)
{
    bool fits = jwt_key_allows(self, algorithm);
    if (fits)
        self->allowed = 1U << algorithm;
    return fits;
}

bool jwt_key_allows(const jwt_key_t *self, jwt_algorithm_t algorithm)
{
    return (self->allowed & 1U << algorithm) != 0;
}

/* --- checking signatures --- */

static bool verify_secret(const jwt_key_t *self, text_t signed_text, text_t signature)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (!HMAC(EVP_sha256(), self->secret, (int)self->secret_length, (const unsigned char *)signed_text.at, signed_text.length,
              mac, &length))
        return false;
    return secret_equal(signature, (text_t){(const char *)mac, length});
}

/* JWS has r and s one behind the other, each as long as the curve's numbers; OpenSSL wants DER. 0: no such signature. */
static int to_der(text_t signature, size_t bytes, unsigned char der[static DER_MAX])
{
    if (signature.length != 2 * bytes)
        return 0;
    BIGNUM *r = number_of((text_t){signature.at, bytes}), *s = number_of((text_t){signature.at + bytes, bytes});
    ECDSA_SIG *pair = ECDSA_SIG_new();
    int length = 0;
    if (r && s && pair && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; /* the pair's */
        length = i2d_ECDSA_SIG(pair, &der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return length > 0 ? length : 0;
}

static bool verify_public(EVP_PKEY *key, jwt_algorithm_t algorithm, text_t signed_text, text_t signature)
{
    const EVP_MD *hash = algorithm == JWT_EDDSA ? NULL : algorithm == JWT_ES384 ? EVP_sha384() : EVP_sha256();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *settings = NULL;
    bool good = context && EVP_DigestVerifyInit(context, &settings, hash, NULL, key) == 1;
    if (good && algorithm == JWT_PS256)
        good = EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good && EVP_DigestVerify(context, (const unsigned char *)signature.at, signature.length,
                                    (const unsigned char *)signed_text.at, signed_text.length) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error(); /* or the next user of OpenSSL takes them for its own */
    return good;
}

bool jwt_key_verify(const jwt_key_t *self, jwt_algorithm_t algorithm, text_t signed_text, text_t signature)
{
    unsigned char der[DER_MAX];
    if (!jwt_key_allows(self, algorithm) || signature.length == 0)
        return false;
    if (algorithm == JWT_HS256)
        return verify_secret(self, signed_text, signature);
    for (size_t i = 0; i < CURVES; i++) {
        if (curves[i].algorithm == algorithm) {
            int length = to_der(signature, curves[i].bytes, der);
            signature = (text_t){(const char *)der, (size_t)length};
            return length > 0 && verify_public(self->pkey, algorithm, signed_text, signature);
        }
    }
    return verify_public(self->pkey, algorithm, signed_text, signature);
}
