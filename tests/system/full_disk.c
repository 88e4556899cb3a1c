/* A disk that is full, preloaded into a process: as long as there is a file named FULL_DISK no room can be reserved. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int posix_fallocate64(int fd, off_t offset, off_t length)
{
    const char *full = getenv("FULL_DISK");
    if (full && access(full, F_OK) == 0)
        return ENOSPC;
    return syscall(SYS_fallocate, fd, 0, offset, length) == 0 ? 0 : errno;
}

/* The same for who is compiled without large files. */
int posix_fallocate(int fd, off_t offset, off_t length)
{
    return posix_fallocate64(fd, offset, length);
}
