/* What connections are granted, over time. Its tokens are those of token_judge.h. */
#include "gatewayd/auth/grants.h"

#include "tests/unit/token_judge.h"

static grants_t *grants;
static grant_t *grant;
static char told[256];

static void tell(void *owner, const char *what)
{
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%s %s;", (const char *)owner, what);
}

static void on_warn(void *owner)
{
    tell(owner, "warned");
}

static void on_over(void *owner, grant_end_t why)
{
    static const char *const words[] = {[GRANT_NO_TOKEN] = "late", [GRANT_EXPIRED] = "expired", [GRANT_ROLE_GONE] = "gone"};
    tell(owner, words[why]);
}

static void on_changed(void *owner)
{
    tell(owner, "changed");
}

static const grant_events_t events = {.warn = on_warn, .over = on_over, .changed = on_changed};

static void expect_told(const char *expected)
{
    ck_assert_str_eq(told, expected);
    told[0] = '\0';
}

static void at(int64_t seconds)
{
    grants_tick(grants, (JUDGE_START_S + seconds) * NS_PER_S);
}

static void attach(grant_t *to)
{
    static char name[] = "a";
    grant_attach(to, &events, name);
}

static grant_t *open_grant(const char *token)
{
    grant_t *opened;
    ck_assert_int_eq(grants_open(grants, text_of(token), &opened), AUTH_GRANTED);
    attach(opened);
    return opened;
}

static void set_up(void)
{
    roles = load_roles("{\"viewer\":{\"connections\":2},\"trader\":{}}");
    grants = grants_new(&token_judge, NULL, &(grants_times_t){FIRST_S * NS_PER_S, WARN_S * NS_PER_S});
    ck_assert_ptr_nonnull(grants);
    told[0] = '\0';
}

static void tear_down(void)
{
    grant_close(&grant);
    grants_destroy(&grants);
    roles_destroy(&roles);
}

START_TEST(it_is_warned_before_its_end_and_ends_then)
{
    grant = open_grant("viewer alice 100");
    ck_assert(text_equal(identity_subject(grant_identity(grant)), TEXT("alice")));
    at(39);
    expect_told("");
    at(40);
    expect_told("a warned;");
    at(99);
    expect_told("");
    at(100);
    expect_told("a expired;");
    ck_assert_ptr_null(grant_identity(grant));
    at(1000);
    expect_told("");
}
END_TEST

START_TEST(what_lives_for_less_is_warned_at_once)
{
    grant = open_grant("viewer alice 10");
    at(0);
    expect_told("a warned;");
}
END_TEST

START_TEST(a_new_token_puts_the_end_off)
{
    grant = open_grant("viewer alice 100");
    at(50);
    expect_told("a warned;");
    ck_assert_int_eq(grant_take(grant, TEXT("viewer alice 200")), AUTH_GRANTED);
    at(100);
    expect_told("");
    at(140);
    expect_told("a warned;");
}
END_TEST

START_TEST(a_new_token_is_of_the_same_subject_and_may_be_of_another_role)
{
    grant = open_grant("viewer alice 100");
    ck_assert_int_eq(grant_take(grant, TEXT("viewer bob 200")), AUTH_SUBJECT);
    ck_assert_int_eq(grant_take(grant, TEXT("nobody alice 200")), AUTH_NO_ROLE);
    ck_assert_int_eq(grant_take(grant, TEXT("")), AUTH_NO_TOKEN);
    expect_told("");
    ck_assert_int_eq(grant_identity(grant)->expires_ns, (JUDGE_START_S + 100) * NS_PER_S);
    ck_assert_int_eq(grant_take(grant, TEXT("trader alice 200")), AUTH_GRANTED);
    expect_told("a changed;");
    ck_assert(text_equal(role_name(grant_identity(grant)->role), TEXT("trader")));
}
END_TEST

START_TEST(what_is_over_takes_none)
{
    grant = open_grant("viewer alice 10");
    at(10);
    ck_assert_int_eq(grant_take(grant, TEXT("viewer alice 200")), AUTH_EXPIRED);
    ck_assert_ptr_null(grant_identity(grant));
}
END_TEST

START_TEST(who_brings_no_token_in_time_is_closed)
{
    grant = grants_await(grants, JUDGE_START_S * NS_PER_S);
    attach(grant);
    ck_assert_ptr_null(grant_identity(grant));
    at(FIRST_S - 1);
    expect_told("");
    at(FIRST_S);
    expect_told("a late;");
}
END_TEST

START_TEST(a_first_token_in_time_is_as_one_from_the_start)
{
    grant = grants_await(grants, JUDGE_START_S * NS_PER_S);
    attach(grant);
    ck_assert_int_eq(grant_take(grant, TEXT("x")), AUTH_MALFORMED);
    ck_assert_int_eq(grant_take(grant, TEXT("viewer alice 100")), AUTH_GRANTED);
    expect_told("");
    at(FIRST_S);
    expect_told("");
    at(40);
    expect_told("a warned;");
}
END_TEST

START_TEST(a_subject_has_so_many_connections)
{
    grant_t *others[2] = {open_grant("viewer alice 100"), open_grant("viewer alice 200")}, *none;
    ck_assert_int_eq(grants_open(grants, TEXT("viewer alice 300"), &none), AUTH_CONNECTIONS);
    ck_assert_ptr_null(none);
    grant = open_grant("viewer bob 100"); /* another subject */
    grant_close(&grant);
    grant = grants_await(grants, JUDGE_START_S * NS_PER_S);
    ck_assert_int_eq(grant_take(grant, TEXT("viewer alice 300")), AUTH_CONNECTIONS);
    grant_close(&others[0]);
    ck_assert_int_eq(grant_take(grant, TEXT("viewer alice 300")), AUTH_GRANTED);
    ck_assert_int_eq(grant_take(grant, TEXT("viewer alice 400")), AUTH_GRANTED); /* it is counted already */
    grant_close(&others[1]);
}
END_TEST

START_TEST(a_reload_changes_roles_and_ends_who_has_none)
{
    grant = open_grant("viewer alice 100");
    grant_t *trader = open_grant("trader bob 100"), *early;
    ck_assert_int_eq(grants_open(grants, TEXT("trader carol 100"), &early), AUTH_GRANTED);
    roles_destroy(&roles);
    roles = load_roles("{\"viewer\":{\"symbols\":[\"*-USD\"]}}");
    grants_renew(grants);
    expect_told("a changed;a gone;");
    ck_assert(!role_may_symbol(grant_identity(grant)->role, TEXT("trades"), TEXT("BTC-EUR")));
    ck_assert_ptr_null(grant_identity(trader));
    attach(early); /* its client was not there yet */
    expect_told("a gone;");
    grant_close(&trader);
    grant_close(&early);
}
END_TEST

static void expect_metric(const buffer_t *text, const char *line)
{
    ck_assert_msg(memmem(text->bytes, text->length, line, strlen(line)), "expected %s in %.*s", line,
                  TEXT_ARG(buffer_text(text)));
}

START_TEST(metrics_tell_who_is_there_and_who_was_refused)
{
    buffer_t text = buffer_new(0);
    metrics_t metrics = {.out = &text};
    identity_t identity;
    grant = open_grant("viewer alice 100");
    grant_t *others[] = {open_grant("trader bob 100"), open_grant("trader bob 100"),
                         grants_await(grants, JUDGE_START_S * NS_PER_S)};
    ck_assert_int_eq(grants_judge(grants, TEXT("x"), &identity), AUTH_MALFORMED);
    grants_metrics(grants, &metrics);
    expect_metric(&text, "\ndataflow_auth_granted_total 3\n");
    expect_metric(&text, "\ndataflow_auth_refused_total{reason=\"malformed\"} 1\n");
    expect_metric(&text, "\ndataflow_auth_refused_total{reason=\"expired\"} 0\n");
    expect_metric(&text, "\ndataflow_auth_clients{role=\"viewer\"} 1\n");
    expect_metric(&text, "\ndataflow_auth_clients{role=\"trader\"} 2\n");
    expect_metric(&text, "\ndataflow_auth_awaited 1\n");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        grant_close(&others[i]);
    buffer_release(&text);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {it_is_warned_before_its_end_and_ends_then,
                                  what_lives_for_less_is_warned_at_once,
                                  a_new_token_puts_the_end_off,
                                  a_new_token_is_of_the_same_subject_and_may_be_of_another_role,
                                  what_is_over_takes_none,
                                  who_brings_no_token_in_time_is_closed,
                                  a_first_token_in_time_is_as_one_from_the_start,
                                  a_subject_has_so_many_connections,
                                  a_reload_changes_roles_and_ends_who_has_none,
                                  metrics_tell_who_is_there_and_who_was_refused};
    return RUN_TESTS("grants", TEST_CASE(set_up, tear_down, tests));
}
