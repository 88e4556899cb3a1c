#include "gatewayd/auth/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OTHERS_WRITE = S_IWGRP | S_IWOTH, OTHERS_ALL = S_IRWXG | S_IRWXO };

static bool is_fit(const char *path, const struct stat *status, const buffer_t *out, char *error)
{
    if (!S_ISREG(status->st_mode))
        snprintf(error, KEY_FILE_ERROR_MAX, "%.300s: expected a file", path);
    else if (status->st_mode & OTHERS_WRITE)
        snprintf(error, KEY_FILE_ERROR_MAX,
                 "%.300s: expected that only its owner can write to it (chmod go-w), found mode %04o", path,
                 (unsigned)(status->st_mode & 07777));
    else if ((uint64_t)status->st_size > out->limit - out->length)
        snprintf(error, KEY_FILE_ERROR_MAX, "%.300s: expected at most %zu bytes, found %lld", path, out->limit - out->length,
                 (long long)status->st_size);
    else
        return true;
    return false;
}

/* One byte more than there is room for would be too many. */
static bool read_all(int fd, buffer_t *out)
{
    for (;;) {
        size_t left = out->limit - out->length;
        char one = 0, *room = left > 0 ? buffer_room(out, left) : &one;
        ssize_t length = room ? read(fd, room, left > 0 ? left : 1) : -1;
        if (length == 0)
            return true;
        if (length < 0 || left == 0) {
            errno = length < 0 ? errno : EFBIG;
            return false;
        }
        buffer_took(out, (size_t)length);
    }
}

bool key_file_read(const char *path, buffer_t *out, bool *is_private, char error[static KEY_FILE_ERROR_MAX])
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for its writer */
    bool good = false;
    if (fd == -1 || fstat(fd, &status) == -1) {
        snprintf(error, KEY_FILE_ERROR_MAX, "%.300s: can't open it: %s", path, strerror(errno));
    } else if (is_fit(path, &status, out, error)) {
        *is_private = (status.st_mode & OTHERS_ALL) == 0;
        good = read_all(fd, out);
        if (!good)
            snprintf(error, KEY_FILE_ERROR_MAX, "%.300s: can't read it: %s", path, strerror(errno));
    }
    if (fd != -1)
        close(fd);
    return good;
}

void key_file_forget(buffer_t *content)
{
    if (content->bytes)
        OPENSSL_cleanse(content->bytes, content->length);
    buffer_release(content);
}
