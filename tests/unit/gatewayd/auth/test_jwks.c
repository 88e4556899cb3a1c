/* Sets of keys: what is taken, what is skipped, what is refused, and which key a token means. */
#include "gatewayd/auth/jwks.h"

#include "tests/unit/gatewayd/auth/token_fixture.h"

#include <openssl/pem.h>

static char error[JWKS_ERROR_MAX];
static buffer_t document;
static jwks_t *keys;

static void set_up(void)
{
    document = buffer_new(0);
}

static void tear_down(void)
{
    jwks_destroy(&keys);
    buffer_release(&document);
}

static jwks_t *read_again(bool secrets)
{
    jwks_destroy(&keys);
    error[0] = 'x';
    return keys = jwks_read(buffer_text(&document), secrets, error);
}

static size_t find(jwt_algorithm_t algorithm, const char *id, bool *named)
{
    const jwt_key_t *found[JWKS_TRIED_MAX];
    size_t count = 0;
    jwt_wanted_key_t wanted = {algorithm, id != NULL, id ? text_of(id) : TEXT("")};
    *named = jwks_find(keys, &wanted, found, &count);
    for (size_t i = 0; i < count && i < JWKS_TRIED_MAX; i++)
        ck_assert(jwt_key_allows(found[i], algorithm));
    return count;
}

START_TEST(a_key_is_for_the_algorithms_of_its_kind)
{
    static const unsigned allowed[JWT_ALGORITHMS] = {[JWT_HS256] = 1U << JWT_HS256,
                                                     [JWT_RS256] = 1U << JWT_RS256 | 1U << JWT_PS256,
                                                     [JWT_PS256] = 1U << JWT_RS256 | 1U << JWT_PS256,
                                                     [JWT_ES256] = 1U << JWT_ES256,
                                                     [JWT_ES384] = 1U << JWT_ES384,
                                                     [JWT_EDDSA] = 1U << JWT_EDDSA};
    bool named;
    fixture_put_jwk(&document, (jwt_algorithm_t)_i, "");
    ck_assert_msg(read_again(true) != NULL, "%s", error);
    for (unsigned i = 0; i < JWT_ALGORITHMS; i++)
        ck_assert_uint_eq(find((jwt_algorithm_t)i, NULL, &named), (allowed[_i] >> i) & 1);
}
END_TEST

START_TEST(alg_narrows_it_to_one)
{
    bool named;
    fixture_put_jwk(&document, JWT_PS256, ",\"alg\":\"PS256\"");
    ck_assert_ptr_nonnull(read_again(false));
    ck_assert_uint_eq(find(JWT_PS256, NULL, &named), 1);
    ck_assert_uint_eq(find(JWT_RS256, NULL, &named), 0);
}
END_TEST

START_TEST(an_rsa_key_is_never_a_secret)
{
    bool named;
    fixture_put_jwk(&document, JWT_RS256, ",\"kid\":\"a\"");
    ck_assert_ptr_nonnull(read_again(true));
    ck_assert_uint_eq(find(JWT_HS256, "a", &named), 0);
    ck_assert(named);
    buffer_clear(&document);
    fixture_put_jwk(&document, JWT_RS256, ",\"alg\":\"HS256\"");
    ck_assert_ptr_null(read_again(true));
    ck_assert_str_eq(error, "the key can't be used: alg does not fit kty and crv");
}
END_TEST

START_TEST(a_key_is_found_by_its_name)
{
    bool named;
    buffer_append(&document, TEXT("{\"keys\":["));
    fixture_put_jwk(&document, JWT_RS256, ",\"kid\":\"a\"");
    buffer_append(&document, TEXT(","));
    fixture_put_jwk(&document, JWT_ES256, ",\"kid\":\"a\"");
    buffer_append(&document, TEXT(","));
    fixture_put_jwk(&document, JWT_ES256, ",\"kid\":\"\\u0062\"");
    buffer_append(&document, TEXT(","));
    fixture_put_jwk(&document, JWT_EDDSA, "");
    buffer_append(&document, TEXT("]}"));
    ck_assert_ptr_nonnull(read_again(false));
    ck_assert_uint_eq(jwks_count(keys), 4);
    ck_assert(find(JWT_ES256, "a", &named) == 1 && named);
    ck_assert(find(JWT_RS256, "a", &named) == 1 && named);
    ck_assert(find(JWT_EDDSA, "a", &named) == 0 && named);
    ck_assert(find(JWT_ES256, "b", &named) == 1 && named);
    ck_assert(find(JWT_ES256, "c", &named) == 0 && !named);
    ck_assert(find(JWT_EDDSA, "c", &named) == 1 && !named); /* one without a name may have this one, too */
    ck_assert(find(JWT_ES256, NULL, &named) == 2 && !named);
    ck_assert(find(JWT_ES256, "", &named) == 0 && !named);
}
END_TEST

START_TEST(keys_that_mean_nothing_here_are_skipped)
{
    static const char *const others[] = {"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AA\",\"y\":\"AA\"}", "{\"kty\":\"XYZ\"}",
                                         "{}", "7", "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}"};
    buffer_append(&document, TEXT("{\"keys\":["));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        buffer_printf(&document, "%s,", others[i]);
    fixture_put_jwk(&document, JWT_ES256, ",\"use\":\"enc\"");
    buffer_append(&document, TEXT(","));
    fixture_put_jwk(&document, JWT_ES256, ",\"key_ops\":[\"sign\"]");
    buffer_append(&document, TEXT(","));
    fixture_put_jwk(&document, JWT_ES256, ",\"use\":\"sig\",\"key_ops\":[\"sign\",\"verify\"],\"x5t\":\"abc\"");
    buffer_append(&document, TEXT("],\"more\":1}"));
    ck_assert_msg(read_again(false) != NULL, "%s", error);
    ck_assert_uint_eq(jwks_count(keys), 1);
    ck_assert_uint_eq(jwks_skipped(keys), 7);
}
END_TEST

START_TEST(a_set_has_64_keys_at_most)
{
    for (int count = JWKS_KEYS_MAX; count <= JWKS_KEYS_MAX + 1; count++) {
        buffer_clear(&document);
        buffer_append(&document, TEXT("{\"keys\":["));
        for (int i = 0; i < count; i++) {
            buffer_append(&document, i > 0 ? TEXT(",") : TEXT(""));
            fixture_put_jwk(&document, JWT_EDDSA, "");
        }
        buffer_append(&document, TEXT("]}"));
        ck_assert_int_eq(read_again(false) != NULL, count == JWKS_KEYS_MAX);
    }
    ck_assert_str_eq(error, "expected at most 64 keys");
}
END_TEST

/* (64, not 4: how many there are is told, and who asks refuses.) */
START_TEST(a_token_without_a_name_is_tried_with_few_keys)
{
    bool named;
    buffer_append(&document, TEXT("{\"keys\":["));
    for (int i = 0; i < 10; i++) {
        buffer_append(&document, i > 0 ? TEXT(",") : TEXT(""));
        fixture_put_jwk(&document, JWT_EDDSA, "");
    }
    buffer_append(&document, TEXT("]}"));
    ck_assert_ptr_nonnull(read_again(false));
    ck_assert_uint_eq(find(JWT_EDDSA, NULL, &named), 10);
}
END_TEST

#define X32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* 32 zeros */

static const struct {
    const char *document, *error;
} invalid[] = {
    {"", "expected a JSON object of at most 64 members, none of them twice"},
    {"nonsense", "expected a JSON object of at most 64 members, none of them twice"},
    {"[]", "expected a JSON object of at most 64 members, none of them twice"},
    {"{\"keys\":[],\"keys\":[]}", "expected a JSON object of at most 64 members, none of them twice"},
    {"{}", "expected a list \"keys\""},
    {"{\"keys\":{}}", "expected a list \"keys\""},
    {"{\"keys\":[]}", "none of 0 keys can be used; the last: the list is empty"},
    {"{\"keys\":[7]}", "none of 1 keys can be used; the last: expected an object of at most 64 members, none of them twice"},
    {"{\"kty\":\"EC\",\"kty\":\"EC\"}", "expected a JSON object of at most 64 members, none of them twice"},
    {"{\"kty\":\"PBKDF\"}", "the key can't be used: expected kty oct, RSA, EC or OKP"},
    {"{\"kty\":7}", "the key can't be used: expected kty oct, RSA, EC or OKP"},
    {"{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}", "the key can't be used: expected a secret of 32 to 4096 bytes"},
    {"{\"kty\":\"oct\",\"k\":7}", "the key can't be used: expected k in base64url"},
    {"{\"kty\":\"oct\"}", "the key can't be used: expected k in base64url"},
    {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "the key can't be used: expected an RSA key of 2048 to 8192 bits"},
    {"{\"kty\":\"RSA\",\"n\":\"AQAB==\",\"e\":\"AQAB\"}", "the key can't be used: expected n and e in base64url"},
    {"{\"kty\":\"RSA\",\"n\":\"AQAB\"}", "the key can't be used: expected n and e in base64url"},
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
     "the key can't be used: expected x and y of a point on its curve"},
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X32 "\",\"y\":\"" X32 "\"}",
     "the key can't be used: expected x and y of a point on its curve"},
    {"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" X32 "\",\"y\":\"" X32 "\"}",
     "the key can't be used: expected an EC key on P-256 or P-384"},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}", "the key can't be used: expected x of 32 bytes"},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AAAA\"}", "the key can't be used: expected crv Ed25519"},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X32 "\",\"alg\":\"none\"}",
     "the key can't be used: expected alg HS256, RS256, PS256, ES256, ES384 or EdDSA"},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X32 "\",\"kid\":7}",
     "the key can't be used: expected kid to be a text of at most 256 bytes"},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X32 "\",\"use\":7}",
     "the key can't be used: not for checking signatures (use, key_ops)"},
    {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
     "expected -----BEGIN PUBLIC KEY-----, and a key behind it"},
    {"-----BEGIN CERTIFICATE-----\nAAAA\n", "expected -----BEGIN PUBLIC KEY-----, and a key behind it"},
};

START_TEST(what_is_no_set_of_keys_is_named)
{
    buffer_append(&document, text_of(invalid[_i].document));
    ck_assert_ptr_null(read_again(true));
    ck_assert_msg(strcmp(error, invalid[_i].error) == 0, "%s: expected %s, found %s", invalid[_i].document, invalid[_i].error,
                  error);
}
END_TEST

START_TEST(secrets_are_taken_only_where_they_may_be)
{
    fixture_put_jwk(&document, JWT_HS256, "");
    ck_assert_ptr_null(read_again(false));
    ck_assert_str_eq(error, "the key can't be used: a secret (oct), which only a file that is its owner's alone may hold");
    ck_assert_ptr_nonnull(read_again(true));
}
END_TEST

static void put_pem(EVP_PKEY *key, bool private)
{
    char *text;
    BIO *pem = BIO_new(BIO_s_mem());
    ck_assert_int_eq(private ? PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) : PEM_write_bio_PUBKEY(pem, key),
                     1);
    long length = BIO_get_mem_data(pem, &text);
    buffer_append(&document, (text_t){text, (size_t)length});
    BIO_free(pem);
}

START_TEST(pem_files_hold_public_keys)
{
    bool named;
    put_pem(fixture_key(JWT_RS256), false);
    put_pem(fixture_key(JWT_ES384), false);
    ck_assert_msg(read_again(false) != NULL, "%s", error);
    ck_assert(find(JWT_PS256, "any", &named) == 1 && !named);
    ck_assert(find(JWT_ES384, NULL, &named) == 1 && find(JWT_ES256, NULL, &named) == 0);
    put_pem(fixture_key(JWT_EDDSA), true);
    ck_assert_ptr_null(read_again(false));
    ck_assert_str_eq(error, "a private key; expected public ones (openssl pkey -pubout)");
}
END_TEST

START_TEST(weak_keys_are_refused)
{
    EVP_PKEY *weak = EVP_RSA_gen(1024), *other = EVP_EC_gen("P-521");
    put_pem(weak, false);
    ck_assert_ptr_null(read_again(false));
    ck_assert_str_eq(error, "expected an RSA key of 2048 to 8192 bits");
    buffer_clear(&document);
    put_pem(other, false);
    ck_assert_ptr_null(read_again(false));
    ck_assert_str_eq(error, "expected an EC key on P-256 or P-384");
    EVP_PKEY_free(weak);
    EVP_PKEY_free(other);
}
END_TEST

START_TEST(a_secret_is_32_bytes_without_the_space_around_it)
{
    bool named;
    ck_assert_ptr_null(jwks_read_secret(TEXT("  0123456789abcdef0123456789abcde \r\n"), error));
    ck_assert_str_eq(error, "expected a secret of 32 to 4096 bytes");
    keys = jwks_read_secret(TEXT("0123456789abcdef0123456789abcdef\n"), error);
    ck_assert_ptr_nonnull(keys);
    ck_assert(find(JWT_HS256, "any", &named) == 1 && find(JWT_HS256, NULL, &named) == 1 && find(JWT_RS256, NULL, &named) == 0);
}
END_TEST

int main(void)
{
    TCase *table = tcase_create("tables");
    tcase_add_checked_fixture(table, set_up, tear_down);
    tcase_add_loop_test(table, a_key_is_for_the_algorithms_of_its_kind, 0, JWT_ALGORITHMS);
    tcase_add_loop_test(table, what_is_no_set_of_keys_is_named, 0, sizeof invalid / sizeof *invalid);
    const TTest *const tests[] = {alg_narrows_it_to_one,
                                  an_rsa_key_is_never_a_secret,
                                  a_key_is_found_by_its_name,
                                  keys_that_mean_nothing_here_are_skipped,
                                  a_set_has_64_keys_at_most,
                                  a_token_without_a_name_is_tried_with_few_keys,
                                  secrets_are_taken_only_where_they_may_be,
                                  pem_files_hold_public_keys,
                                  weak_keys_are_refused,
                                  a_secret_is_32_bytes_without_the_space_around_it};
    return RUN_TESTS("jwks", table, TEST_CASE_WITHIN(60, set_up, tear_down, tests));
}
