/* The files of the web page, part of the program: gatewayd/web at the time of the build. */
#pragma once

#include "common/text.h"

typedef struct {
    const char *path; /* as a browser requests it */
    const char *content_type;
    text_t bytes;
    text_t packed; /* the same gzipped, made on first request; empty if that is hardly shorter, or memory ran out */
    char etag[19]; /* in quotes; changes with the bytes */
} asset_t;

/* False when there is no such file. `asset` is filled and stays valid as long as the program. */
bool asset_find(text_t path, asset_t *asset);
