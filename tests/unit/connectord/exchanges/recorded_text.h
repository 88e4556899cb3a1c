/* A recording as a whole, where it is. */
#pragma once

#include "common/buffer.h"

#include <stdio.h>

/* The caller's to release. Empty, having said so, where the recordings are not. */
static inline buffer_t recorded_text(const char *path)
{
    buffer_t text = buffer_new(0);
    FILE *file = fopen(path, "r");
    if (!file) {
        printf("skipped: %s is not there\n", path);
        return text;
    }
    for (char *room; (room = buffer_room(&text, 65536));) {
        size_t length = fread(room, 1, 65536, file);
        buffer_took(&text, length);
        if (length == 0)
            break;
    }
    fclose(file);
    return text;
}
