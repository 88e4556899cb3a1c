#include "connectord/overlay/overlay_file.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define NAME_FRESH "overlay.new"

enum { PIECE_BYTES = 65536 };

static int open_folder(const char *folder)
{
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void close_all(int fd, int folder)
{
    if (fd != -1)
        close(fd);
    if (folder != -1)
        close(folder);
}

static bool read_all(int fd, buffer_t *out)
{
    for (;;) {
        char *room = buffer_room(out, PIECE_BYTES);
        ssize_t got = room ? read(fd, room, PIECE_BYTES) : -1;
        if (!room)
            errno = ENOMEM;
        if (got <= 0)
            return got == 0;
        buffer_took(out, (size_t)got);
        if (out->length > OVERLAY_FILE_BYTES) {
            errno = EFBIG;
            return false;
        }
    }
}

overlay_file_t overlay_file_read(const char *folder, buffer_t *out)
{
    overlay_file_t found = OVERLAY_FILE_UNREADABLE;
    int in = open_folder(folder), fd = in == -1 ? -1 : openat(in, OVERLAY_FILE, O_RDONLY | O_CLOEXEC);
    if (fd != -1 && read_all(fd, out))
        found = OVERLAY_FILE_READ;
    else if (in != -1 && fd == -1 && errno == ENOENT)
        found = OVERLAY_FILE_ABSENT;
    int why = errno;
    close_all(fd, in);
    errno = why;
    return found;
}

static bool write_all(int fd, text_t bytes)
{
    while (bytes.length > 0) {
        ssize_t written = write(fd, bytes.at, bytes.length);
        if (written <= 0)
            return false;
        bytes = (text_t){bytes.at + written, bytes.length - (size_t)written};
    }
    return true;
}

bool overlay_file_write(const char *folder, text_t content)
{
    int in = open_folder(folder);
    int fd = in == -1 ? -1 : openat(in, NAME_FRESH, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    bool written = fd != -1 && write_all(fd, content) && fsync(fd) == 0 && renameat(in, NAME_FRESH, in, OVERLAY_FILE) == 0;
    if (written && fsync(in) != 0) /* it is there all the same, but for a power failure */
        log_warn("overlay: can't make the folder safe", LOG_TEXT("folder", folder), LOG_ERRNO());
    if (!written) {
        log_error("overlay: can't be written", LOG_TEXT("folder", folder), LOG_TEXT("file", OVERLAY_FILE), LOG_ERRNO());
        if (fd != -1)
            unlinkat(in, NAME_FRESH, 0);
    }
    close_all(fd, in);
    return written;
}

bool overlay_file_set_aside(const char *folder)
{
    int in = open_folder(folder);
    bool moved = in != -1 && renameat(in, OVERLAY_FILE, in, OVERLAY_FILE_DAMAGED) == 0;
    if (!moved)
        log_error("overlay: can't be set aside", LOG_TEXT("folder", folder), LOG_TEXT("file", OVERLAY_FILE), LOG_ERRNO());
    close_all(-1, in);
    return moved;
}
