/* Configurations that are loaded from what a test says, and what is reported of them. */
#pragma once

#include "common/config/config.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { VARIABLES_MAX = 15 };

static char file_name[] = "/tmp/test_config.XXXXXX";
static char *reported; /* what the last load said on stderr; freed by the next one */

static inline void make_file(void)
{
    snprintf(file_name, sizeof file_name, "/tmp/test_config.XXXXXX");
    int fd = mkstemp(file_name);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static inline void remove_file(void)
{
    unlink(file_name);
    free(reported);
    reported = NULL;
}

static inline void write_file(text_t content)
{
    FILE *file = fopen(file_name, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(content.at, 1, content.length, file), content.length);
    fclose(file);
}

/* environment ends with NULL; NULL: no environment. */
static inline config_t *load(const char *path, const char *const *settings, size_t count, const char *const *environment)
{
    char *variables[VARIABLES_MAX + 1] = {NULL};
    for (size_t i = 0; environment && environment[i]; i++) {
        ck_assert_uint_lt(i, VARIABLES_MAX);
        variables[i] = strdup(environment[i]);
    }
    free(reported);
    size_t length;
    FILE *kept = stderr;
    stderr = open_memstream(&reported, &length);
    config_t *config = config_load(path, settings, count, variables);
    fclose(stderr);
    stderr = kept;
    for (size_t i = 0; variables[i]; i++)
        free(variables[i]);
    return config;
}

static inline config_t *load_json(const char *json)
{
    write_file(text_of(json));
    return load(file_name, NULL, 0, NULL);
}

static inline config_t *load_setting(const char *setting)
{
    return load(NULL, &setting, 1, NULL);
}

/* "(FILE)" in what is expected stands for the file's name. */
static inline void assert_reported(const char *expected)
{
    char line[1024];
    const char *mark = strstr(expected, "FILE");
    if (mark)
        snprintf(line, sizeof line, "config: %.*s%s%s\n", (int)(mark - expected), expected, file_name, mark + 4);
    else
        snprintf(line, sizeof line, "config: %s\n", expected);
    ck_assert_msg(strstr(reported, line) != NULL, "expected: %sreported: %s", line, reported);
}

static inline size_t lines_reported(void)
{
    size_t lines = 0;
    for (const char *at = reported; *at; at++)
        lines += *at == '\n';
    return lines;
}

#define COUNT(table) (int)(sizeof(table) / sizeof *(table))
