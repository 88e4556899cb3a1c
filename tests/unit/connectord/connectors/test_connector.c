/* The table of connectors; what each must do is in tests/contract/test_connector.c. */
#include "connectord/connectors/connector.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

START_TEST(every_connector_is_found_by_its_name)
{
    const connector_t *connector;
    size_t count = 0;
    for (; (connector = connector_at(count)); count++)
        ck_assert_ptr_eq(connector_find(connector->name), connector);
    ck_assert_uint_eq(count, 8);
    ck_assert_ptr_null(connector_find("fake"));
    ck_assert_ptr_null(connector_find(""));
}
END_TEST

START_TEST(names_are_those_of_all_as_far_as_there_is_room)
{
    char names[128], few[16];
    connector_names(names, sizeof names);
    ck_assert_str_eq(names, "binance, blockchain, coinbase, http, kraken, push, replay, websocket");
    connector_names(few, sizeof few);
    ck_assert_str_eq(few, "binance, blockc");
    connector_names(few, 1);
    ck_assert_str_eq(few, "");
}
END_TEST

/* The build takes them from the connectors' files, into the schema of every program. */
START_TEST(every_connectors_settings_are_in_the_schema)
{
    const schema_key_t *setting;
    size_t count = 0;
    for (; (setting = connector_setting_at(count)); count++) {
        const schema_key_t *key = schema_find(setting->path);
        ck_assert_msg(key, "%s", setting->path);
        ck_assert_msg(strncmp(setting->path, SCHEMA_SOURCE, sizeof SCHEMA_SOURCE - 1) == 0, "%s", setting->path);
        ck_assert_int_eq(key->type, setting->type);
        ck_assert_str_eq(key->initial, setting->initial);
        ck_assert_str_eq(key->help, setting->help);
    }
    size_t all = 0;
    for (size_t i = 0; connector_at(i); i++)
        all += connector_at(i)->setting_count;
    ck_assert_uint_eq(count, all);
}
END_TEST

START_TEST(what_repeats_is_a_flag_of_the_connectors_own)
{
    const connector_t *connector;
    for (size_t i = 0; (connector = connector_at(i)); i++) {
        bool found = !connector->repeats;
        for (size_t k = 0; !found && k < connector->setting_count; k++) {
            const schema_key_t *key = &connector->settings[k];
            found = key->type == KEY_FLAG && strcmp(key->path + sizeof SCHEMA_SOURCE - 1, connector->repeats) == 0;
        }
        ck_assert_msg(found, "%s: %s", connector->name, connector->repeats);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("connector");
    tcase_add_test(tests, every_connector_is_found_by_its_name);
    tcase_add_test(tests, names_are_those_of_all_as_far_as_there_is_room);
    tcase_add_test(tests, every_connectors_settings_are_in_the_schema);
    tcase_add_test(tests, what_repeats_is_a_flag_of_the_connectors_own);
    return RUN_TESTS("connector", tests);
}
