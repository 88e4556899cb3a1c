/* Tokens of the RFCs, tokens that every algorithm signs, and what is no token. */
#include "gatewayd/auth/jwks.h"
#include "gatewayd/auth/jwt.h"

#include "tests/unit/gatewayd/auth/token_fixture.h"

#define FRODO                                                                                                                  \
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlv" \
    "dSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4"
#define JOE "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static const struct {
    const char *where, *keys, *token;
    jwt_algorithm_t algorithm;
} vectors[] = {
    {"RFC 7515, A.1",
     "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}",
     "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", JWT_HS256},
    {"RFC 7515, A.2",
     "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
     "4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-"
     "yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
     "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
     "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}",
     "eyJhbGciOiJSUzI1NiJ9." JOE ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__"
     "dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
     "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
     "xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
     "IoypGlUPQGe77Rw",
     JWT_RS256},
    {"RFC 7515, A.3",
     "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
     "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
     "eyJhbGciOiJFUzI1NiJ9." JOE ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
     JWT_ES256},
    {"RFC 8037, A.4", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
     "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
     "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhV"
     "sPt9g7sVvpAr_MuM0KAg",
     JWT_EDDSA},
    {"RFC 7520, 4.1",
     "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"bilbo.baggins@hobbiton.example\",\"use\":\"sig\",\"n\":"
     "\"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZ"
     "LwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-"
     "QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOH"
     "rtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw\",\"e\":\"AQAB\"}]}",
     "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9." FRODO
     ".MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-"
     "Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_"
     "de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
     JWT_RS256},
    {"RFC 7520, 4.4",
     "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"018c0ae5-4d9b-471b-bfd6-eef314bc7037\",\"use\":\"sig\",\"alg\":\"HS256\","
     "\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\"}]}",
     "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9." FRODO
     ".s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0",
     JWT_HS256},
};

static char error[JWKS_ERROR_MAX];
static buffer_t out, keys_text;
static jwks_t *keys;
static jwt_t jwt;

static void set_up(void)
{
    out = buffer_new(0);
    keys_text = buffer_new(0);
}

static void tear_down(void)
{
    jwks_destroy(&keys);
    jwt_release(&jwt);
    buffer_release(&out);
    buffer_release(&keys_text);
}

static const jwt_key_t *the_key(void)
{
    const jwt_key_t *found[JWKS_TRIED_MAX];
    size_t count = 0;
    jwks_find(keys, &jwt.wanted, found, &count);
    ck_assert_uint_eq(count, 1);
    return found[0];
}

static bool verifies(void)
{
    return jwt_key_verify(the_key(), jwt.wanted.algorithm, jwt.signed_text, buffer_text(&jwt.signature));
}

START_TEST(the_tokens_of_the_rfcs_are_good)
{
    keys = jwks_read(text_of(vectors[_i].keys), true, error);
    ck_assert_msg(keys != NULL, "%s: %s", vectors[_i].where, error);
    ck_assert_msg(jwt_read(&jwt, text_of(vectors[_i].token)) == AUTH_GRANTED, "%s", vectors[_i].where);
    ck_assert_int_eq(jwt.wanted.algorithm, vectors[_i].algorithm);
    ck_assert_msg(verifies(), "%s", vectors[_i].where);
}
END_TEST

START_TEST(a_token_in_which_one_character_is_another_is_refused)
{
    static const char claims[] = "{\"sub\":\"a\",\"exp\":4102444800,\"role\":\"viewer\"}";
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
    fixture_put_jwk(&keys_text, (jwt_algorithm_t)_i, "");
    keys = jwks_read(buffer_text(&keys_text), true, error);
    ck_assert_msg(keys != NULL, "%s", error);
    text_t token = fixture_token(&out, (jwt_algorithm_t)_i, NULL, claims);
    ck_assert(jwt_read(&jwt, token) == AUTH_GRANTED && verifies());
    for (size_t i = 0; i < token.length; i++) {
        char was = out.bytes[i];
        for (size_t d = i % 7; d < sizeof digits - 1; d += 7) { /* not all of them: signatures take time */
            if (digits[d] == was)
                continue;
            out.bytes[i] = digits[d];
            jwt_release(&jwt);
            bool good = jwt_read(&jwt, token) == AUTH_GRANTED && jwt.wanted.algorithm == (jwt_algorithm_t)_i && verifies();
            ck_assert_msg(!good, "%s: %c at %zu of %zu", fixture_names[_i], digits[d], i, token.length);
        }
        out.bytes[i] = was;
    }
    jwt_release(&jwt);
    ck_assert(jwt_read(&jwt, token) == AUTH_GRANTED && verifies());
}
END_TEST

START_TEST(a_token_that_is_cut_or_longer_is_refused)
{
    fixture_put_jwk(&keys_text, JWT_HS256, "");
    keys = jwks_read(buffer_text(&keys_text), true, error);
    text_t token = fixture_token(&out, JWT_HS256, NULL, "{}");
    for (size_t length = 0; length < token.length; length++) {
        jwt_release(&jwt);
        ck_assert(jwt_read(&jwt, text_cut(token, length)) != AUTH_GRANTED || !verifies());
    }
    buffer_append(&out, TEXT("AAAA"));
    jwt_release(&jwt);
    ck_assert(jwt_read(&jwt, buffer_text(&out)) == AUTH_GRANTED && !verifies());
}
END_TEST

/* Signatures of no length, of all zeros, of the largest numbers: (0, 0) once was good everywhere in Java. */
START_TEST(signatures_without_sense_are_wrong)
{
    char bytes[600];
    fixture_put_jwk(&keys_text, (jwt_algorithm_t)_i, "");
    keys = jwks_read(buffer_text(&keys_text), true, error);
    ck_assert(jwt_read(&jwt, fixture_token(&out, (jwt_algorithm_t)_i, NULL, "{}")) == AUTH_GRANTED);
    for (int fill = -1; fill <= 1; fill++) {
        memset(bytes, fill, sizeof bytes);
        for (size_t length = 0; length <= sizeof bytes; length++)
            ck_assert(!jwt_key_verify(the_key(), jwt.wanted.algorithm, jwt.signed_text, (text_t){bytes, length}));
    }
}
END_TEST

static const struct {
    const char *header;
    auth_refusal_t refusal;
} headers[] = {
    {"{\"alg\":\"HS256\"}", AUTH_GRANTED},
    {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}", AUTH_GRANTED},
    {"{\"alg\":\"HS256\",\"typ\":\"jwt\"}", AUTH_GRANTED},
    {"{\"alg\":\"HS256\",\"typ\":\"at+JWT\"}", AUTH_GRANTED},
    {"{\"alg\":\"HS256\",\"typ\":\"application/at+jwt\"}", AUTH_GRANTED},
    {"{\"\\u0061lg\":\"HS\\u0032\\u00356\"}", AUTH_GRANTED},
    {"{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"},\"jku\":\"https://example.com\",\"cty\":\"JWT\"}",
     AUTH_GRANTED},
    {"{\"alg\":\"HS256\",\"typ\":\"logout+jwt\"}", AUTH_MALFORMED},
    {"{\"alg\":\"HS256\",\"typ\":7}", AUTH_MALFORMED},
    {"{\"alg\":\"none\"}", AUTH_ALGORITHM},
    {"{\"alg\":\"None\"}", AUTH_ALGORITHM},
    {"{\"alg\":\"hs256\"}", AUTH_ALGORITHM},
    {"{\"alg\":\"HS512\"}", AUTH_ALGORITHM},
    {"{\"alg\":\"RS1\"}", AUTH_ALGORITHM},
    {"{\"alg\":\"\"}", AUTH_MALFORMED},
    {"{\"alg\":7}", AUTH_MALFORMED},
    {"{\"alg\":[\"HS256\"]}", AUTH_MALFORMED},
    {"{\"alg\":null}", AUTH_MALFORMED},
    {"{}", AUTH_MALFORMED},
    {"{\"alg\":\"HS256\",\"alg\":\"HS256\"}", AUTH_MALFORMED},
    {"{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", AUTH_MALFORMED},
    {"{\"alg\":\"HS256\",\"x\":1,\"x\":1}", AUTH_MALFORMED},
    {"{\"alg\":\"HS256\",\"kid\":7}", AUTH_MALFORMED},
    {"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", AUTH_CRITICAL},
    {"{\"alg\":\"HS256\",\"crit\":[]}", AUTH_CRITICAL},
    {"{\"alg\":\"HS256\",\"crit\":null}", AUTH_CRITICAL},
    {"{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", AUTH_CRITICAL},
    {"{\"alg\":\"HS256\"", AUTH_MALFORMED},
    {"{\"alg\":\"HS256\"} x", AUTH_MALFORMED},
    {"[\"HS256\"]", AUTH_MALFORMED},
    {"\"HS256\"", AUTH_MALFORMED},
    {"", AUTH_MALFORMED},
};

START_TEST(a_header_says_what_may_be_said)
{
    auth_refusal_t refusal = jwt_read(&jwt, fixture_token_of(&out, headers[_i].header, "{}", JWT_HS256));
    ck_assert_msg(refusal == headers[_i].refusal, "%s: %d", headers[_i].header, refusal);
}
END_TEST

static const struct {
    const char *token;
    auth_refusal_t refusal;
} texts[] = {
    {"", AUTH_NO_TOKEN},
    {"x", AUTH_MALFORMED},
    {".", AUTH_MALFORMED},
    {"..", AUTH_MALFORMED},
    {"...", AUTH_MALFORMED},
    {"eyJhbGciOiJub25lIn0.e30.", AUTH_ALGORITHM}, /* alg none, as it is meant to look */
    {"eyJhbGciOiJIUzI1NiJ9.e30.", AUTH_GRANTED},  /* its signature is empty: that is wrong, but a token */
    {"eyJhbGciOiJIUzI1NiJ9.e30", AUTH_MALFORMED},
    {"eyJhbGciOiJIUzI1NiJ9.e30.AAAA.", AUTH_MALFORMED},
    {"eyJhbGciOiJIUzI1NiJ9.e30.AAAA.AAAA.AAAA", AUTH_MALFORMED}, /* encrypted ones have five parts */
    {"eyJhbGciOiJIUzI1NiJ9=.e30.AAAA", AUTH_MALFORMED},
    {"eyJhbGciOiJIUzI1NiJ9.e30=.AAAA", AUTH_MALFORMED},
    {"eyJhbGciOiJIUzI1NiJ9.e31.AAAA", AUTH_MALFORMED}, /* bits that are too many */
    {"eyJhbGciOiJIUzI1NiJ9.e30.A+A/", AUTH_MALFORMED},
    {"eyJhbGciOiJIUzI1NiJ9.e30.AAAAA", AUTH_MALFORMED},
    {" eyJhbGciOiJIUzI1NiJ9.e30.AAAA", AUTH_MALFORMED},
    {"eyJhbGciOiJIUzI1NiJ9.e30.AAAA\n", AUTH_MALFORMED},
};

START_TEST(what_is_no_token_is_told_apart)
{
    auth_refusal_t refusal = jwt_read(&jwt, text_of(texts[_i].token));
    ck_assert_msg(refusal == texts[_i].refusal, "%s: %d", texts[_i].token, refusal);
    buffer_t signature = buffer_take(&jwt.signature);
    ck_assert(refusal != AUTH_GRANTED || signature.length == 0);
    buffer_release(&signature);
}
END_TEST

START_TEST(a_token_has_8_kib_at_most)
{
    char claims[6200] = "{\"x\":\"";
    size_t length = strlen(claims);
    memset(claims + length, 'a', sizeof claims - length);
    for (size_t cut = 6060; cut < 6120; cut++) {
        snprintf(claims + cut, 3, "\"}");
        text_t token = fixture_token(&out, JWT_HS256, NULL, claims);
        jwt_release(&jwt);
        ck_assert_int_eq(jwt_read(&jwt, token), token.length > 8192 ? AUTH_TOO_LONG : AUTH_GRANTED);
        memset(claims + cut, 'a', 3);
    }
    ck_assert_uint_gt(out.length, 8192);
}
END_TEST

int main(void)
{
    TCase *table = tcase_create("tables");
    tcase_add_checked_fixture(table, set_up, tear_down);
    tcase_set_timeout(table, 60);
    tcase_add_loop_test(table, the_tokens_of_the_rfcs_are_good, 0, sizeof vectors / sizeof *vectors);
    tcase_add_loop_test(table, a_token_in_which_one_character_is_another_is_refused, 0, JWT_ALGORITHMS);
    tcase_add_loop_test(table, signatures_without_sense_are_wrong, 0, JWT_ALGORITHMS);
    tcase_add_loop_test(table, a_header_says_what_may_be_said, 0, sizeof headers / sizeof *headers);
    tcase_add_loop_test(table, what_is_no_token_is_told_apart, 0, sizeof texts / sizeof *texts);
    tcase_add_test(table, a_token_that_is_cut_or_longer_is_refused);
    tcase_add_test(table, a_token_has_8_kib_at_most);
    return RUN_TESTS("jwt", table);
}
