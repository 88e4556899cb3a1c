/* A folder with a recording, and what its files hold. */
#pragma once

#include "common/buffer.h"
#include "tests/unit/temporary_folder.h"

#include <sys/resource.h>
#include <sys/stat.h>

static folder_t folder;
static char path[96];

static inline void recording_set_up(void)
{
    folder = folder_new();
    snprintf(path, sizeof path, "%s/exchange.ws", folder.path);
}

/* The content of PATH and a suffix, as a string to be freed; empty where there is no such file. */
static inline char *content(const char *suffix)
{
    char name[128], *bytes = calloc(1, 16 << 20);
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *file = fopen(name, "r");
    if (file) {
        size_t length = fread(bytes, 1, (16 << 20) - 1, file);
        bytes[length] = '\0';
        fclose(file);
    }
    return bytes;
}

static inline bool has(const char *suffix, const char *wanted)
{
    char *found = content(suffix);
    bool same = strcmp(found, wanted) == 0;
    free(found);
    return same;
}

static inline void check_content(const char *suffix, const char *wanted)
{
    char *found = content(suffix);
    ck_assert_msg(strcmp(found, wanted) == 0, "%s: expected \"%s\", found \"%.400s\"", suffix, wanted, found);
    free(found);
}

static inline void limit_files(rlim_t bytes)
{
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, RLIM_INFINITY}), 0);
}
