/* When a token is valid, of whom, for whom, and where its role stands. */
#include "gatewayd/auth/claims.h"

#include "common/clock.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>

#define NOW    (INT64_C(1700000000) * NS_PER_S)
#define LEEWAY (10 * NS_PER_S)

static const struct {
    const char *json;
    auth_refusal_t refusal;
} cases[] = {
    {"{\"exp\":1700000001}", AUTH_GRANTED},
    {"{\"exp\":1699999991}", AUTH_GRANTED}, /* within the leeway */
    {"{\"exp\":1699999990.000000001}", AUTH_GRANTED},
    {"{\"exp\":1699999990}", AUTH_EXPIRED},
    {"{\"exp\":1699999990.0}", AUTH_EXPIRED},
    {"{\"exp\":0}", AUTH_EXPIRED},
    {"{\"exp\":99999999999999999}", AUTH_GRANTED},
    {"{}", AUTH_CLAIMS}, /* a token that never expires can't be got rid of */
    {"{\"exp\":\"1700000001\"}", AUTH_CLAIMS},
    {"{\"exp\":null}", AUTH_CLAIMS},
    {"{\"exp\":-1}", AUTH_CLAIMS},
    {"{\"exp\":1.7e9}", AUTH_CLAIMS},
    {"{\"exp\":17000000011700000001170000000117}", AUTH_CLAIMS},
    {"{\"exp\":1700000001,\"exp\":1700000001}", AUTH_CLAIMS},
    {"{\"exp\":1700000001,\"\\u0065xp\":1700000001}", AUTH_CLAIMS},
    {"{\"exp\":1700000001,\"x\":1,\"x\":1}", AUTH_CLAIMS},
    {"{\"exp\":1700000001", AUTH_CLAIMS},
    {"[1700000001]", AUTH_CLAIMS},
    {"", AUTH_CLAIMS},
    {"It's a dangerous business", AUTH_CLAIMS},
    {"{\"exp\":1700000100,\"nbf\":1700000010}", AUTH_GRANTED},
    {"{\"exp\":1700000100,\"nbf\":1700000010.5}", AUTH_EARLY},
    {"{\"exp\":1700000100,\"nbf\":1700000011}", AUTH_EARLY},
    {"{\"exp\":1700000100,\"nbf\":\"x\"}", AUTH_CLAIMS},
    {"{\"exp\":1700000100,\"iat\":1700000010}", AUTH_GRANTED},
    {"{\"exp\":1700000100,\"iat\":1700000011}", AUTH_EARLY},
    {"{\"exp\":1700000100,\"iat\":true}", AUTH_CLAIMS},
    {"{\"exp\":1700000100,\"sub\":7}", AUTH_CLAIMS},
    {"{\"exp\":1700000100,\"iss\":7}", AUTH_CLAIMS},
    {"{\"exp\":1700000100,\"aud\":7}", AUTH_CLAIMS},
    {"{\"exp\":1700000100,\"aud\":[7]}", AUTH_CLAIMS},
    {"{\"exp\":1700000100,\"aud\":\"us\"}", AUTH_AUDIENCE}, /* nobody here is called that */
};

START_TEST(a_token_is_valid_for_a_while)
{
    claims_rules_t rules;
    claims_t claims;
    ck_assert_ptr_null(claims_rules_init(&rules, TEXT(""), TEXT(""), LEEWAY, TEXT("/role")));
    auth_refusal_t refusal = claims_read(&rules, text_of(cases[_i].json), NOW, &claims);
    /* what jwt.c resolves beforehand is found as well */
    ck_assert_msg(refusal == cases[_i].refusal, "%s: %d", cases[_i].json, refusal);
}
END_TEST

static const struct {
    const char *more;
    auth_refusal_t refusal;
} parties[] = {
    {"\"iss\":\"https://id.example/\",\"aud\":\"us\"", AUTH_GRANTED},
    {"\"iss\":\"https:\\/\\/id.example\\/\",\"aud\":[\"them\",\"us\"]", AUTH_GRANTED},
    {"\"iss\":\"https://id.example\",\"aud\":\"us\"", AUTH_ISSUER},
    {"\"aud\":\"us\"", AUTH_ISSUER},
    {"\"iss\":\"https://id.example/\"", AUTH_AUDIENCE},
    {"\"iss\":\"https://id.example/\",\"aud\":\"usa\"", AUTH_AUDIENCE},
    {"\"iss\":\"https://id.example/\",\"aud\":[]", AUTH_AUDIENCE},
    {"\"iss\":\"https://id.example/\",\"aud\":[\"them\"]", AUTH_AUDIENCE},
    {"\"iss\":[\"https://id.example/\"],\"aud\":\"us\"", AUTH_CLAIMS},
};

START_TEST(issuer_and_audience_are_those_that_are_expected)
{
    char json[512];
    claims_rules_t rules;
    claims_t claims;
    claims_rules_init(&rules, TEXT("https://id.example/"), TEXT("us"), LEEWAY, TEXT("/role"));
    snprintf(json, sizeof json, "{\"exp\":1700000100,%s}", parties[_i].more);
    auth_refusal_t refusal = claims_read(&rules, text_of(json), NOW, &claims);
    ck_assert_msg(refusal == parties[_i].refusal, "%s: %d", json, refusal);
}
END_TEST

START_TEST(expiry_has_the_leeway_and_stays_countable)
{
    claims_rules_t rules;
    claims_t claims;
    claims_rules_init(&rules, TEXT(""), TEXT(""), LEEWAY, TEXT("/role"));
    ck_assert(claims_read(&rules, TEXT("{\"exp\":1700000001.25}"), NOW, &claims) == AUTH_GRANTED);
    ck_assert_int_eq(claims.expires_ns, NOW + NS_PER_S + NS_PER_S / 4 + LEEWAY);
    ck_assert(claims_read(&rules, TEXT("{\"exp\":18446744073709551615}"), NOW, &claims) == AUTH_GRANTED);
    ck_assert_int_eq(claims.expires_ns, CLOCK_REAL_MAX_S * NS_PER_S + LEEWAY);
}
END_TEST

static bool collect(void *arg, text_t text)
{
    buffer_t *out = arg;
    buffer_printf(out, "%.*s|", TEXT_ARG(text));
    return text_equal(text, TEXT("stop"));
}

static const struct {
    const char *pointer, *more, *texts;
} roles[] = {
    {"/role", "\"role\":\"viewer\"", "viewer|"},
    {"/role", "\"role\":[\"a\",7,null,[\"x\"],\"b\"]", "a|b|"},
    {"/role", "\"role\":[\"a\",\"stop\",\"b\"]", "a|stop|"},
    {"/scope", "\"scope\":\"openid  viewer \"", "openid|viewer|"},
    {"/role", "\"role\":[\"open id\"]", "open id|"}, /* only one text has words */
    {"/realm_access/roles", "\"realm_access\":{\"roles\":[\"x\",\"y\"]}", "x|y|"},
    {"/https:~1~1example.com~1roles/0", "\"https://example.com/roles\":[\"x\",\"y\"]", "x|"},
    {"/role", "\"role\":7", ""},
    {"/role", "\"role\":{\"viewer\":true}", ""},
    {"/role", "\"role\":\"\"", ""},
    {"/role", "\"rule\":\"viewer\"", ""},
    {"/sub", "\"sub\":\"viewer\"", "viewer|"},
};

START_TEST(a_role_stands_where_a_pointer_says)
{
    char json[512];
    claims_rules_t rules;
    claims_t claims;
    buffer_t out = buffer_new(0);
    ck_assert_ptr_null(claims_rules_init(&rules, TEXT(""), TEXT(""), LEEWAY, text_of(roles[_i].pointer)));
    snprintf(json, sizeof json, "{\"exp\":1700000100,%s}", roles[_i].more);
    ck_assert(claims_read(&rules, text_of(json), NOW, &claims) == AUTH_GRANTED);
    bool stopped = claims_each_text(claims.role, collect, &out);
    ck_assert(stopped == (strstr(roles[_i].texts, "stop") != NULL));
    ck_assert_msg(text_equal(buffer_text(&out), text_of(roles[_i].texts)), "%s: %.*s", json, TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
}
END_TEST

START_TEST(a_role_that_stands_there_twice_is_no_role)
{
    claims_rules_t rules;
    claims_t claims;
    claims_rules_init(&rules, TEXT(""), TEXT(""), LEEWAY, TEXT("/a/role"));
    ck_assert(claims_read(&rules, TEXT("{\"exp\":1700000100,\"a\":{\"role\":\"viewer\",\"role\":\"operator\"}}"), NOW,
                          &claims) == AUTH_CLAIMS);
    ck_assert_ptr_nonnull(claims_rules_init(&rules, TEXT(""), TEXT(""), LEEWAY, TEXT("role")));
}
END_TEST

int main(void)
{
    TCase *table = tcase_create("tables");
    tcase_add_loop_test(table, a_token_is_valid_for_a_while, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(table, issuer_and_audience_are_those_that_are_expected, 0, sizeof parties / sizeof *parties);
    tcase_add_loop_test(table, a_role_stands_where_a_pointer_says, 0, sizeof roles / sizeof *roles);
    tcase_add_test(table, expiry_has_the_leeway_and_stays_countable);
    tcase_add_test(table, a_role_that_stands_there_twice_is_no_role);
    return RUN_TESTS("claims", table);
}
