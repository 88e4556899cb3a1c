/* Keys made for a test, as JWKs, and tokens signed with them. */
#pragma once

#include "common/base64url.h"
#include "gatewayd/auth/jwt_key.h"
#include "tests/unit/run_tests.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#define FIXTURE_SECRET "0123456789abcdef0123456789abcdef"

/* One for each algorithm, made once; NULL for HS256, whose secret is FIXTURE_SECRET. */
static inline EVP_PKEY *fixture_key(jwt_algorithm_t algorithm)
{
    static EVP_PKEY *keys[JWT_ALGORITHMS];
    if (algorithm == JWT_PS256)
        algorithm = JWT_RS256;
    if (!keys[algorithm] && algorithm == JWT_RS256)
        keys[algorithm] = EVP_RSA_gen(2048);
    if (!keys[algorithm] && algorithm == JWT_EDDSA)
        keys[algorithm] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!keys[algorithm] && algorithm != JWT_HS256)
        keys[algorithm] = EVP_EC_gen(algorithm == JWT_ES384 ? "P-384" : "P-256");
    ck_assert(keys[algorithm] || algorithm == JWT_HS256);
    return keys[algorithm];
}

static const char *const fixture_names[JWT_ALGORITHMS] = {[JWT_HS256] = "HS256", [JWT_RS256] = "RS256", [JWT_PS256] = "PS256",
                                                          [JWT_ES256] = "ES256", [JWT_ES384] = "ES384", [JWT_EDDSA] = "EdDSA"};

static inline void fixture_sign_secret(buffer_t *out, text_t text, text_t secret)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned length;
    HMAC(EVP_sha256(), secret.at, (int)secret.length, (const unsigned char *)text.at, text.length, mac, &length);
    base64url_append(out, (text_t){(const char *)mac, length});
}

/* r and s one behind the other. */
static inline size_t fixture_from_der(unsigned char *signature, size_t length, size_t bytes)
{
    const unsigned char *at = signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)length);
    ck_assert_ptr_nonnull(pair);
    unsigned char raw[2 * 48];
    ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, (int)bytes), (int)bytes);
    ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + bytes, (int)bytes), (int)bytes);
    memcpy(signature, raw, 2 * bytes);
    ECDSA_SIG_free(pair);
    return 2 * bytes;
}

static inline void fixture_sign_key(buffer_t *out, text_t text, jwt_algorithm_t algorithm)
{
    unsigned char signature[1024];
    size_t length = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *settings;
    const EVP_MD *hash = algorithm == JWT_EDDSA ? NULL : algorithm == JWT_ES384 ? EVP_sha384() : EVP_sha256();
    ck_assert_int_eq(EVP_DigestSignInit(context, &settings, hash, NULL, fixture_key(algorithm)), 1);
    if (algorithm == JWT_PS256) {
        EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST);
    }
    ck_assert_int_eq(EVP_DigestSign(context, signature, &length, (const unsigned char *)text.at, text.length), 1);
    if (algorithm == JWT_ES256 || algorithm == JWT_ES384)
        length = fixture_from_der(signature, length, algorithm == JWT_ES384 ? 48 : 32);
    EVP_MD_CTX_free(context);
    base64url_append(out, (text_t){(const char *)signature, length});
}

/* A token of exactly that header and these claims, signed by the algorithm whatever the header says. */
static inline text_t fixture_token_of(buffer_t *out, const char *header, const char *claims, jwt_algorithm_t algorithm)
{
    buffer_clear(out);
    base64url_append(out, text_of(header));
    buffer_append(out, TEXT("."));
    base64url_append(out, text_of(claims));
    buffer_t signature = buffer_new(0);
    if (algorithm == JWT_HS256)
        fixture_sign_secret(&signature, buffer_text(out), TEXT(FIXTURE_SECRET));
    else
        fixture_sign_key(&signature, buffer_text(out), algorithm);
    buffer_append(out, TEXT("."));
    buffer_append(out, buffer_text(&signature));
    buffer_release(&signature);
    return buffer_text(out);
}

/* id NULL: without a kid. */
static inline text_t fixture_token(buffer_t *out, jwt_algorithm_t algorithm, const char *id, const char *claims)
{
    char header[256];
    if (id)
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}", fixture_names[algorithm], id);
    else
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", fixture_names[algorithm]);
    return fixture_token_of(out, header, claims, algorithm);
}

static inline void fixture_put_number(buffer_t *out, const char *name, EVP_PKEY *key, const char *parameter, size_t bytes)
{
    unsigned char raw[1024];
    BIGNUM *number = NULL;
    ck_assert_int_eq(EVP_PKEY_get_bn_param(key, parameter, &number), 1);
    size_t length = bytes ? bytes : (size_t)BN_num_bytes(number);
    BN_bn2binpad(number, raw, (int)length);
    BN_free(number);
    buffer_printf(out, ",\"%s\":\"", name);
    base64url_append(out, (text_t){(const char *)raw, length});
    buffer_append(out, TEXT("\""));
}

/* Appends the JWK of an algorithm's key; more: further members, each with a comma in front. */
static inline void fixture_put_jwk(buffer_t *out, jwt_algorithm_t algorithm, const char *more)
{
    EVP_PKEY *key = fixture_key(algorithm);
    unsigned char raw[32];
    size_t length = sizeof raw;
    switch (algorithm) {
    case JWT_HS256:
        buffer_append(out, TEXT("{\"kty\":\"oct\",\"k\":\""));
        base64url_append(out, TEXT(FIXTURE_SECRET));
        buffer_append(out, TEXT("\""));
        break;
    case JWT_EDDSA:
        EVP_PKEY_get_raw_public_key(key, raw, &length);
        buffer_append(out, TEXT("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\""));
        base64url_append(out, (text_t){(const char *)raw, length});
        buffer_append(out, TEXT("\""));
        break;
    case JWT_ES256:
    case JWT_ES384:
        buffer_printf(out, "{\"kty\":\"EC\",\"crv\":\"%s\"", algorithm == JWT_ES384 ? "P-384" : "P-256");
        fixture_put_number(out, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, algorithm == JWT_ES384 ? 48 : 32);
        fixture_put_number(out, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, algorithm == JWT_ES384 ? 48 : 32);
        break;
    default:
        buffer_append(out, TEXT("{\"kty\":\"RSA\""));
        fixture_put_number(out, "n", key, OSSL_PKEY_PARAM_RSA_N, 0);
        fixture_put_number(out, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
    }
    buffer_append(out, text_of(more));
    buffer_append(out, TEXT("}"));
}
