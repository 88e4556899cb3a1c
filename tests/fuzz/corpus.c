/* Runs a fuzz target over the files of its corpus, each a test of its own. The name of the program says which: test_fuzz_NAME. What a fuzzer finds is put
 * into the corpus, and never comes back. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/run_tests.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>

static glob_t files;

/* In memory of just its length, so that a sanitizer sees what is read behind it. The caller frees it. */
static uint8_t *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*length > 0 ? *length : 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, *length, file), *length);
    fclose(file);
    return bytes;
}

START_TEST(what_is_true_of_any_input_is_true_of_each_file)
{
    size_t length;
    uint8_t *input = read_file(files.gl_pathv[_i], &length);
    ck_assert_int_eq(LLVMFuzzerTestOneInput(input, length), 0);
    free(input);
}
END_TEST

int main(void)
{
    char pattern[256];
    snprintf(pattern, sizeof pattern, "tests/fuzz/corpus/%s/*", program_invocation_short_name + strlen("test_fuzz_"));
    if (glob(pattern, 0, NULL, &files) != 0) {
        fprintf(stderr, "%s: expected files in the folder of the project, found none\n", pattern);
        return EXIT_FAILURE;
    }
    TCase *tests = tcase_create("corpus");
    tcase_add_loop_test(tests, what_is_true_of_any_input_is_true_of_each_file, 0, (int)files.gl_pathc);
    int status = RUN_TESTS(program_invocation_short_name, tests);
    globfree(&files);
    return status;
}
