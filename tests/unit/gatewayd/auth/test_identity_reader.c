/* From a token to who brings it, or why not. */
#include "gatewayd/auth/identity_reader.h"

#include "common/clock.h"
#include "tests/unit/gatewayd/auth/token_fixture.h"

#define NOW    (INT64_C(1700000000) * NS_PER_S)
#define CLAIMS "{\"sub\":\"alice\",\"exp\":1700000060,\"role\":[\"x\",\"viewer\",\"operator\"]}"

static char error[JWKS_ERROR_MAX];
static buffer_t out;
static jwks_t *keys, *secret;
static claims_rules_t claims;
static identity_rules_t rules;
static identity_t identity;
static roles_t *roles;
static bool stale;

static void set_up(void)
{
    const char *settings[] = {"gatewayd.roles={\"viewer\":{},\"operator\":{\"operator\":true}}"};
    char *environment[] = {NULL};
    config_t *config = config_load(NULL, settings, 1, environment);
    buffer_t document = buffer_new(0);
    out = buffer_new(0);
    buffer_append(&document, TEXT("{\"keys\":["));
    for (unsigned i = JWT_RS256; i < JWT_ALGORITHMS; i++) {
        char id[32];
        snprintf(id, sizeof id, ",\"kid\":\"%s\"", fixture_names[i]);
        fixture_put_jwk(&document, (jwt_algorithm_t)i, id);
        buffer_append(&document, i + 1 < JWT_ALGORITHMS ? TEXT(",") : TEXT("]}"));
    }
    keys = jwks_read(buffer_text(&document), false, error);
    secret = jwks_read_secret(TEXT(FIXTURE_SECRET), error);
    roles = roles_new(config);
    claims_rules_init(&claims, TEXT(""), TEXT(""), 10 * NS_PER_S, TEXT("/role"));
    rules = (identity_rules_t){&claims, roles, {keys, secret}};
    config_destroy(&config);
    buffer_release(&document);
}

static void tear_down(void)
{
    identity_release(&identity);
    roles_destroy(&roles);
    jwks_destroy(&keys);
    jwks_destroy(&secret);
    buffer_release(&out);
}

static auth_refusal_t judge(text_t token)
{
    identity_release(&identity);
    return identity_read(&identity, &rules, token, NOW, &stale);
}

START_TEST(a_token_of_each_algorithm_says_who_brings_it)
{
    for (int named = 0; named < 2; named++) {
        ck_assert_int_eq(judge(fixture_token(&out, (jwt_algorithm_t)_i, named ? fixture_names[_i] : NULL, CLAIMS)),
                         AUTH_GRANTED);
        ck_assert(text_equal(identity_subject(&identity), TEXT("alice")));
        ck_assert(text_equal(role_name(identity.role), TEXT("viewer")));
        ck_assert_int_eq(identity.expires_ns, NOW + 70 * NS_PER_S);
        ck_assert(!stale);
    }
}
END_TEST

START_TEST(whatever_one_changes_in_a_token_is_refused)
{
    text_t token = fixture_token(&out, JWT_ES256, "ES256", CLAIMS);
    for (size_t i = 0; i < token.length; i++) {
        for (int bit = 0; bit < 8; bit += i % 2 ? 2 : 3) {
            out.bytes[i] ^= (char)(1 << bit);
            auth_refusal_t refusal = judge(token);
            ck_assert_msg(refusal != AUTH_GRANTED && !identity.role && identity.subject_length == 0, "bit %d of %zu", bit, i);
            out.bytes[i] ^= (char)(1 << bit);
        }
    }
    ck_assert_int_eq(judge(token), AUTH_GRANTED);
}
END_TEST

START_TEST(a_public_key_is_no_secret)
{
    char header[] = "{\"alg\":\"HS256\",\"kid\":\"RS256\"}";
    buffer_t signature = buffer_new(0);
    rules.sets[1] = NULL;
    fixture_token_of(&out, header, CLAIMS, JWT_HS256);
    ck_assert_int_eq(judge(buffer_text(&out)), AUTH_ALGORITHM);
    ck_assert(!stale);
    /* the key's own text as the secret, as an attacker has it */
    const char *dot = memrchr(out.bytes, '.', out.length);
    buffer_cut(&out, (size_t)(dot - out.bytes));
    buffer_t key = buffer_new(0);
    fixture_put_jwk(&key, JWT_RS256, "");
    fixture_sign_secret(&signature, buffer_text(&out), buffer_text(&key));
    buffer_append(&out, TEXT("."));
    buffer_append(&out, buffer_text(&signature));
    ck_assert_int_eq(judge(buffer_text(&out)), AUTH_ALGORITHM);
    buffer_release(&signature);
    buffer_release(&key);
}
END_TEST

START_TEST(an_algorithm_that_the_named_key_is_not_for_is_refused)
{
    ck_assert_int_eq(judge(fixture_token(&out, JWT_RS256, "ES256", CLAIMS)), AUTH_ALGORITHM);
    ck_assert_int_eq(judge(fixture_token(&out, JWT_PS256, "RS256", CLAIMS)), AUTH_GRANTED); /* it does not say which of both */
    ck_assert_int_eq(judge(fixture_token_of(&out, "{\"alg\":\"RS256\",\"kid\":\"RS256\"}", CLAIMS, JWT_PS256)), AUTH_SIGNATURE);
}
END_TEST

START_TEST(keys_that_are_not_there_may_be_asked_for)
{
    rules.sets[1] = NULL;
    ck_assert_int_eq(judge(fixture_token(&out, JWT_ES256, "new", CLAIMS)), AUTH_UNKNOWN_KEY);
    ck_assert(stale);
    ck_assert_int_eq(judge(fixture_token(&out, JWT_HS256, NULL, CLAIMS)), AUTH_UNKNOWN_KEY);
    ck_assert(stale);
    ck_assert_int_eq(judge(TEXT("x.y.z")), AUTH_MALFORMED);
    ck_assert(!stale);
    rules.sets[0] = NULL;
    ck_assert_int_eq(judge(fixture_token(&out, JWT_ES256, "ES256", CLAIMS)), AUTH_NO_KEYS);
    ck_assert(stale);
}
END_TEST

START_TEST(a_token_is_not_tried_with_many_keys)
{
    buffer_t document = buffer_new(0);
    buffer_append(&document, TEXT("{\"keys\":["));
    for (int i = 0; i <= JWKS_TRIED_MAX; i++) {
        fixture_put_jwk(&document, JWT_EDDSA, "");
        buffer_append(&document, i < JWKS_TRIED_MAX ? TEXT(",") : TEXT("]}"));
    }
    jwks_t *many = jwks_read(buffer_text(&document), false, error);
    rules.sets[0] = many;
    ck_assert_int_eq(judge(fixture_token(&out, JWT_EDDSA, NULL, CLAIMS)), AUTH_UNKNOWN_KEY);
    jwks_destroy(&many);
    buffer_release(&document);
}
END_TEST

static const struct {
    const char *claims;
    auth_refusal_t refusal;
} refused[] = {
    {"{\"exp\":1699999000,\"role\":\"viewer\"}", AUTH_EXPIRED},
    {"{\"exp\":1700000060,\"nbf\":1700000030,\"role\":\"viewer\"}", AUTH_EARLY},
    {"{\"exp\":1700000060,\"aud\":\"x\",\"role\":\"viewer\"}", AUTH_AUDIENCE},
    {"{\"exp\":1700000060}", AUTH_NO_ROLE},
    {"{\"exp\":1700000060,\"role\":\"nobody\"}", AUTH_NO_ROLE},
    {"{\"exp\":1700000060,\"role\":[]}", AUTH_NO_ROLE},
    {"{\"role\":\"viewer\"}", AUTH_CLAIMS},
    {"viewer", AUTH_CLAIMS},
};

START_TEST(claims_are_judged_once_the_signature_is_good)
{
    text_t token = fixture_token(&out, JWT_HS256, NULL, refused[_i].claims);
    ck_assert_msg(judge(token) == refused[_i].refusal, "%s", refused[_i].claims);
    out.bytes[token.length - 1] = out.bytes[token.length - 1] == 'A' ? 'E' : 'A';
    ck_assert_int_eq(judge(token), AUTH_SIGNATURE);
}
END_TEST

START_TEST(a_subject_has_255_bytes_at_most_and_no_escapes)
{
    char json[512];
    for (int length = 255; length <= 256; length++) {
        snprintf(json, sizeof json, "{\"exp\":1700000060,\"role\":\"viewer\",\"sub\":\"%0*d\"}", length, 0);
        ck_assert_int_eq(judge(fixture_token(&out, JWT_HS256, NULL, json)), length <= 255 ? AUTH_GRANTED : AUTH_CLAIMS);
    }
    ck_assert_int_eq(
        judge(fixture_token(&out, JWT_HS256, NULL, "{\"exp\":1700000060,\"role\":\"viewer\",\"sub\":\"b\\u00f6\\\"\"}")),
        AUTH_GRANTED);
    ck_assert(text_equal(identity_subject(&identity), TEXT("bö\"")));
}
END_TEST

START_TEST(every_refusal_has_words_of_its_own_and_a_challenge)
{
    for (unsigned i = AUTH_GRANTED + 1; i < AUTH_REFUSALS; i++) {
        const auth_refusal_words_t *words = auth_refusal_words((auth_refusal_t)i);
        ck_assert(words->word && words->text &&
                  (words->status == 401 || words->status == 403 || words->status == 429 || words->status == 503));
        ck_assert(!strpbrk(words->text, "\"\\")); /* it stands in quotes */
        for (unsigned j = AUTH_GRANTED + 1; j < i; j++)
            ck_assert_str_ne(words->word, auth_refusal_words((auth_refusal_t)j)->word);
    }
    auth_refusal_put_challenge(AUTH_NO_TOKEN, &out);
    ck_assert(text_equal(buffer_text(&out), TEXT("Bearer realm=\"dataflow\"")));
    buffer_clear(&out);
    auth_refusal_put_challenge(AUTH_EXPIRED, &out);
    ck_assert(text_equal(buffer_text(&out), TEXT("Bearer realm=\"dataflow\", error=\"invalid_token\", "
                                                 "error_description=\"the token has expired\"")));
    buffer_clear(&out);
    auth_refusal_put_challenge(AUTH_NO_ROLE, &out);
    ck_assert(text_starts_with(buffer_text(&out), TEXT("Bearer realm=\"dataflow\", error=\"insufficient_scope\"")));
}
END_TEST

int main(void)
{
    TCase *table = tcase_create("tables");
    tcase_add_checked_fixture(table, set_up, tear_down);
    tcase_set_timeout(table, 60);
    tcase_add_loop_test(table, a_token_of_each_algorithm_says_who_brings_it, 0, JWT_ALGORITHMS);
    tcase_add_loop_test(table, claims_are_judged_once_the_signature_is_good, 0, sizeof refused / sizeof *refused);
    const TTest *const tests[] = {whatever_one_changes_in_a_token_is_refused,
                                  a_public_key_is_no_secret,
                                  an_algorithm_that_the_named_key_is_not_for_is_refused,
                                  keys_that_are_not_there_may_be_asked_for,
                                  a_token_is_not_tried_with_many_keys,
                                  a_subject_has_255_bytes_at_most_and_no_escapes,
                                  every_refusal_has_words_of_its_own_and_a_challenge};
    return RUN_TESTS("identity_reader", table, TEST_CASE_WITHIN(60, set_up, tear_down, tests));
}
