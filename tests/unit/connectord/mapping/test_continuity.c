#include "connectord/mapping/continuity.h"
#include "connectord/mapping/mapping.h"
#include "tests/unit/run_tests.h"

static continuity_t *continuity;
static uint64_t expected;

static void set_up(void)
{
    continuity = continuity_new();
    expected = 0;
}

static void tear_down(void)
{
    continuity_destroy(&continuity);
}

static bool goes_on(const rule_continuity_t *rule, const char *key, uint64_t number)
{
    const mapping_record_t record = {.channel = TEXT("trades"), .key = text_of(key), .number = number, .continuity = rule};
    return continuity_goes_on(continuity, &record, &expected);
}

START_TEST(numbers_that_count_by_one_show_what_is_missing)
{
    const rule_continuity_t rule = {.rule = CONTINUITY_PLUS_ONE};
    ck_assert(goes_on(&rule, "A-B", 7));
    ck_assert(goes_on(&rule, "C-D", 8)); /* of the connection */
    ck_assert(goes_on(&rule, "C-D", 8)); /* the same message */
    ck_assert(!goes_on(&rule, "A-B", 11));
    ck_assert_uint_eq(expected, 9);
    ck_assert(goes_on(&rule, "A-B", 12));
    ck_assert(goes_on(&rule, "A-B", 9)); /* late, or a repeat */
    ck_assert(goes_on(&rule, "A-B", 13));
}
END_TEST

START_TEST(each_key_may_have_numbers_of_its_own)
{
    const rule_continuity_t rule = {.rule = CONTINUITY_PLUS_ONE, .by_key = true};
    ck_assert(goes_on(&rule, "A-B", 7));
    ck_assert(goes_on(&rule, "C-D", 100));
    ck_assert(goes_on(&rule, "A-B", 8));
    ck_assert(!goes_on(&rule, "C-D", 102));
    ck_assert_uint_eq(expected, 101);
}
END_TEST

START_TEST(numbers_that_rise_show_a_new_beginning)
{
    const rule_continuity_t rule = {.rule = CONTINUITY_RISING};
    ck_assert(goes_on(&rule, "A-B", 7));
    ck_assert(goes_on(&rule, "A-B", 700));
    ck_assert(!goes_on(&rule, "A-B", 3));
    ck_assert_uint_eq(expected, 701);
    ck_assert(goes_on(&rule, "A-B", 4));
}
END_TEST

START_TEST(a_new_connection_may_begin_anywhere)
{
    const rule_continuity_t rule = {.rule = CONTINUITY_PLUS_ONE};
    ck_assert(goes_on(&rule, "A-B", 7));
    continuity_begin(continuity);
    ck_assert(goes_on(&rule, "A-B", 1));
    ck_assert(goes_on(NULL, "A-B", 9));
}
END_TEST

static void on_record(void *arg, const mapping_record_t *record)
{
    *(mapping_record_t *)arg = *record;
}

static void on_fault(void *arg, const char *reason, text_t sample)
{
    (void)arg;
    ck_abort_msg("%s: %.*s", reason, TEXT_ARG(sample));
}

static bool on_key(void *arg, text_t channel, text_t native, text_t *key)
{
    (void)arg;
    (void)channel;
    *key = native;
    return true;
}

static mapping_record_t read(const char *definition, const char *message)
{
    static const mapping_events_t events = {on_record, on_fault, on_key};
    char error[MAPPING_ERROR_MAX];
    mapping_record_t record = {0};
    mapping_t *mapping = mapping_new(text_of(definition), error);
    ck_assert_msg(mapping != NULL, "%s", error);
    mapping_run(mapping, text_of(message), 0, &events, &record);
    static const rule_continuity_t some; /* the rule goes with the mapping */
    record.continuity = record.continuity ? &some : NULL;
    mapping_destroy(&mapping);
    return record;
}

#define RULE "{\"channel\":\"readings\",\"key\":\"/k\",\"id\":\"/i\",\"seqnum\":\"/n\",\"continuity\":{\"of\":\""

START_TEST(a_mapping_says_what_the_number_is)
{
    static const char message[] = "{\"k\":\"a\",\"i\":\"17\",\"n\":3}", other[] = "{\"k\":\"a\",\"i\":\"x17\",\"n\":3}";
    ck_assert_uint_eq(read(RULE "id\"}}", message).number, 17);
    ck_assert_uint_eq(read(RULE "seqnum\"}}", message).number, 3);
    ck_assert_ptr_nonnull(read(RULE "id\"}}", message).continuity);
    ck_assert_ptr_null(read(RULE "id\"}}", other).continuity);
}
END_TEST

START_TEST(mistakes_are_named)
{
    static const struct {
        const char *rule, *error;
    } cases[] = {
        {RULE "price\"}}", "mapping.continuity: of: expected seqnum or id, found price"},
        {RULE "id\",\"rule\":\"up\"}}", "mapping.continuity: rule: expected plus_one or rising, found up"},
        {RULE "id\",\"what\":\"up\"}}", "mapping.continuity: expected of, rule or scope, found \"what\""},
        {"{\"channel\":\"readings\",\"key\":\"/k\",\"continuity\":{\"of\":\"id\"}}",
         "mapping.continuity: expected id beside it"},
        {"{\"channel\":\"readings\",\"key\":\"/k\",\"continuity\":7}",
         "mapping.continuity: expected {\"of\", \"rule\", \"scope\"}, found 7"},
        {"{\"channel\":\"coverage\",\"key\":\"/k\"}", "mapping.channel: coverage is reserved: connectord writes it itself"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char error[MAPPING_ERROR_MAX];
        ck_assert_ptr_null(mapping_new(text_of(cases[i].rule), error));
        ck_assert_str_eq(error, cases[i].error);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("continuity");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, numbers_that_count_by_one_show_what_is_missing);
    tcase_add_test(tests, each_key_may_have_numbers_of_its_own);
    tcase_add_test(tests, numbers_that_rise_show_a_new_beginning);
    tcase_add_test(tests, a_new_connection_may_begin_anywhere);
    tcase_add_test(tests, a_mapping_says_what_the_number_is);
    tcase_add_test(tests, mistakes_are_named);
    return RUN_TESTS("continuity", tests);
}
