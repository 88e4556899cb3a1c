#include "connectord/sources/definition_notes.h"

#include "tests/unit/temporary_folder.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static folder_t place;
static const char *folder;
static char definition[512], notes[512];

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static size_t read_file(char *out, size_t size)
{
    FILE *file = fopen(notes, "r");
    size_t length = file ? fread(out, 1, size - 1, file) : 0;
    out[length] = '\0';
    if (file)
        fclose(file);
    return length;
}

static void set_up(void)
{
    place = folder_new();
    folder = place.path;
    snprintf(definition, sizeof definition, "%s/okx.json", folder);
    snprintf(notes, sizeof notes, "%s/definitions.ndjson", folder);
}

static void tear_down(void)
{
    folder_remove(&place);
}

START_TEST(a_definition_is_noted_when_it_is_another_one)
{
    char text[2048], expected[2048];
    write_file(definition, "abc");
    for (int i = 0; i < 2; i++)
        ck_assert(definition_notes_put(folder, TEXT("okx"), definition, 7, INT64_C(1762795473937000000) + i));
    write_file(definition, "");
    ck_assert(definition_notes_put(folder, TEXT("okx"), definition, 7, INT64_C(1762795474000000000)));
    ck_assert(definition_notes_put(folder, TEXT("b\xc3\xb6rse"), definition, 8, INT64_C(1762795475000000000)));
    snprintf(expected, sizeof expected,
             "{\"time\":\"2025-11-10T17:24:33.937Z\",\"epoch\":7,\"source\":\"okx\",\"definition\":\"%s\",\"sha256\":"
             "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}\n"
             "{\"time\":\"2025-11-10T17:24:34.000Z\",\"epoch\":7,\"source\":\"okx\",\"definition\":\"%s\",\"sha256\":"
             "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}\n"
             "{\"time\":\"2025-11-10T17:24:35.000Z\",\"epoch\":8,\"source\":\"b\xc3\xb6rse\",\"definition\":\"%s\",\"sha256\":"
             "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}\n",
             definition, definition, definition);
    read_file(text, sizeof text);
    ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(a_long_file_makes_room)
{
    char old[600], text[512];
    FILE *file = fopen(notes, "w");
    for (int i = 0; i <= DEFINITION_NOTES_BYTES / 16; i++)
        fputs("what was before\n", file);
    fclose(file);
    write_file(definition, "abc");
    ck_assert(definition_notes_put(folder, TEXT("okx"), definition, 7, 0));
    ck_assert_uint_lt(read_file(text, sizeof text), 512);
    ck_assert_ptr_nonnull(strstr(text, "\"okx\""));
    snprintf(old, sizeof old, "%s/definitions.old.ndjson", folder);
    ck_assert_int_eq(access(old, R_OK), 0);
}
END_TEST

START_TEST(what_can_t_be_noted_is_no_harm)
{
    ck_assert(!definition_notes_put(folder, TEXT("okx"), definition, 7, 0)); /* not there */
    write_file(definition, "abc");
    ck_assert(!definition_notes_put("/nonexistent", TEXT("okx"), definition, 7, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("definition_notes");
    TCase *tests = tcase_create("definition_notes");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_definition_is_noted_when_it_is_another_one);
    tcase_add_test(tests, a_long_file_makes_room);
    tcase_add_test(tests, what_can_t_be_noted_is_no_harm);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
