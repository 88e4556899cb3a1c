#include "common/loop/machine.h"

#include "common/text.h"

#include <stdio.h>
#include <unistd.h>

enum { PATH_MAX_BYTES = 4096 };

/* A file with one number; "max" and anything else that is not a number mean no limit. */
static uint64_t read_limit(const char *path)
{
    char line[64] = "";
    uint64_t number;
    FILE *file = fopen(path, "re");
    if (!file)
        return UINT64_MAX;
    text_t text = fgets(line, sizeof line, file) ? (text_t){line, strcspn(line, "\n")} : TEXT("");
    fclose(file);
    return text_to_u64(text, &number) && number > 0 ? number : UINT64_MAX;
}

/* The least limit of the group and of those above it. path: of the group below `root`, cut here from its end. */
static uint64_t least_limit(const char *root, char *path, const char *name)
{
    char file[2 * PATH_MAX_BYTES];
    uint64_t least = UINT64_MAX;
    for (;;) {
        snprintf(file, sizeof file, "%s%s/%s", root, path, name);
        uint64_t limit = read_limit(file);
        least = limit < least ? limit : least;
        char *slash = strrchr(path, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}

/* The lines of /proc/self/cgroup: "0::/path" of version 2, "9:memory:/path" of version 1. */
static uint64_t group_limit(void)
{
    char line[PATH_MAX_BYTES];
    uint64_t least = UINT64_MAX;
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return least;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        uint64_t limit = UINT64_MAX;
        if (controllers[1] == '\0')
            limit = least_limit("/sys/fs/cgroup", path, "memory.max");
        else if (strcmp(controllers + 1, "memory") == 0)
            limit = least_limit("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes");
        least = limit < least ? limit : least;
    }
    fclose(file);
    return least;
}

uint64_t machine_memory_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t machine = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
    uint64_t group = group_limit();
    return machine == 0 && group == UINT64_MAX ? 0 : machine == 0 || group < machine ? group : machine;
}
