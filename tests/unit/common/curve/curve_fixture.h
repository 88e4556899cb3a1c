/* A folder of keys, made for a test. */
#pragma once

#include "common/curve/curve.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

#include <sys/stat.h>
#include <zmq.h>

typedef struct {
    char public_key[CERTIFICATE_KEY + 1], secret_key[CERTIFICATE_KEY + 1];
} key_pair_t;

static folder_t folder;

static inline key_pair_t new_pair(void)
{
    key_pair_t pair;
    ck_assert_int_eq(zmq_curve_keypair(pair.public_key, pair.secret_key), 0);
    return pair;
}

/* "folder/file". */
static inline const char *path_of(const char *file)
{
    static char paths[4][160];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder.path, file);
    return path;
}

static inline void write_text(const char *file, mode_t mode, const char *text)
{
    const char *path = path_of(file);
    FILE *out = fopen(path, "we");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_ge(fputs(text, out), 0);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
}

/* The file of a key that is known. */
static inline void write_known(const char *file, const key_pair_t *pair, const char *serves, const char *may)
{
    char text[400];
    snprintf(text, sizeof text, "metadata\n    serves = \"%s\"\n    may = \"%s\"\ncurve\n    public-key = \"%s\"\n", serves,
             may, pair->public_key);
    write_text(file, 0644, text);
}

static inline void write_own(const char *file, const key_pair_t *pair)
{
    char text[400];
    snprintf(text, sizeof text, "curve\n    public-key = \"%s\"\n    secret-key = \"%s\"\n", pair->public_key,
             pair->secret_key);
    write_text(file, 0600, text);
}
