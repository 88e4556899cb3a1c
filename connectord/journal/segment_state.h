/* The inside of a segment (segment.h), for the files that make it up. */
#pragma once

#include "connectord/journal/segment.h"

struct segment {
    uint64_t number;
    int fd;
    bool temporary; /* not committed yet */
    bool resized;   /* the file's size is not the header's */
    bool copied;    /* the file was not made where the header was written */
    char *map;
    uint32_t bytes; /* mapped */
    uint32_t end;   /* offset behind the last record */
    unsigned calls; /* writes to come that are to be made by system calls */
    uint32_t ready; /* offset up to which pages are there to be written to; at or before `end` at the start */
};
