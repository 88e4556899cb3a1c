#include "common/folders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool make_one(const char *path)
{
    return mkdir(path, 0750) == 0 || errno == EEXIST;
}

/* Those that end at a slash, the root aside. */
static bool make_above(char *path)
{
    bool made = true;
    for (char *slash = strchr(path + 1, '/'); made && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        made = make_one(path);
        *slash = '/';
    }
    return made;
}

bool folders_make_for(const char *file)
{
    char *copy = strdup(file);
    bool made = copy && (*copy == '\0' || make_above(copy));
    free(copy);
    return made;
}

bool folders_make(const char *path)
{
    return folders_make_for(path) && make_one(path);
}
