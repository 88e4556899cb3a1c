#include "common/trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(char *wrong, const char *path, const char *why)
{
    snprintf(wrong, TRUSTED_FILE_WRONG_MAX, "%.300s: %s", path, why);
    return false;
}

static bool is_handed_over(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t length = folder ? strlen(folder) : 0;
    return length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/';
}

static bool is_private(const char *path, mode_t mode, char *wrong)
{
    char why[100];
    mode_t others = is_handed_over(path) ? S_IRWXO : S_IRWXG | S_IRWXO;
    if (!(mode & others))
        return true;
    snprintf(why, sizeof why, "others than its owner may use it: expected mode 0600 or 0400, found %04o", mode & 07777);
    return refuse(wrong, path, why);
}

static bool is_guarded(const char *path, mode_t mode, char *wrong)
{
    char why[100];
    if (!(mode & (S_IWGRP | S_IWOTH)))
        return true;
    snprintf(why, sizeof why, "expected that only its owner can write to it (chmod go-w), found mode %04o", mode & 07777);
    return refuse(wrong, path, why);
}

static bool is_trusted(const char *path, const struct stat *status, trusted_file_t trust, char *wrong)
{
    if (!S_ISREG(status->st_mode))
        return refuse(wrong, path, "expected a file");
    return (trust != TRUSTED_FILE_SECRET || is_private(path, status->st_mode, wrong)) &&
           (trust == TRUSTED_FILE_OPEN || is_guarded(path, status->st_mode, wrong));
}

int trusted_file_open(const char *path, trusted_file_t trust, char wrong[static TRUSTED_FILE_WRONG_MAX])
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool good = false;
    if (fd == -1 || fstat(fd, &status) == -1)
        refuse(wrong, path, strerror(errno));
    else
        good = is_trusted(path, &status, trust, wrong);
    if (good)
        return fd;
    if (fd != -1)
        close(fd);
    return -1;
}
