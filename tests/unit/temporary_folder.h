/* A folder of its own for a test, and what is in it. */
#pragma once

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char path[64];
} folder_t;

static inline folder_t folder_new(void)
{
    folder_t self = {"/tmp/dataflow-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(self.path));
    return self;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static inline void folder_remove(folder_t *self)
{
    ck_assert_int_eq(nftw(self->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* How many names in a folder hold this text; 0 for a folder that is not there. */
static inline size_t folder_count(const char *path, const char *part)
{
    DIR *folder = opendir(path);
    size_t count = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += strstr(entry->d_name, part) != NULL;
    if (folder)
        closedir(folder);
    return count;
}
