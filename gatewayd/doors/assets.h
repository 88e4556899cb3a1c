/* The files of the web page, which are part of the program: gatewayd/web, as it was when the program was built. */
#pragma once

#include "common/text.h"

typedef struct {
    const char *path; /* as a browser asks for it */
    const char *content_type;
    text_t bytes;
    text_t
        packed; /* the same by gzip, made when the file is first asked for; empty where that is hardly shorter, or memory ran out */
    char etag[19]; /* in quotes; changes with the bytes */
} asset_t;

/* False when there is no such file. `asset` is filled and points to what lives as long as the program. */
bool asset_find(text_t path, asset_t *asset);
