/* The URL of a store, in parts: SCHEME://[USER[:PASSWORD]@][HOST[:PORT]]/PATH[?NAME=VALUE[&…]], with %XX decoded. */
#pragma once

#include "common/text.h"

enum { STORE_URL_MAX = 4096 };

typedef struct {
    const char *user, *password, *host; /* "": not given */
    uint16_t port;                      /* 0: not given */
    const char *path;                   /* without its leading slash */
    const char *query;                  /* as it is, after the '?' */
    char bytes[STORE_URL_MAX];          /* where these are */
} store_url_t;

/* Returns what is wrong with it, for a message that must not show the URL; NULL if nothing. */
const char *store_url_parse(store_url_t *self, const char *url);

/* Only what follows "SCHEME:///", decoded: for schemes whose paths may contain '?' and '@'. */
const char *store_url_parse_path(store_url_t *self, const char *url);

/* A number in the query: NAME=1000. *value is unchanged if it is absent. False if it is not a number. */
bool store_url_number(const store_url_t *self, const char *name, uint64_t *value);

/* A URL for logs, without what may be credentials (text_format.h). Cut at `size`, which is at least 1. */
void store_url_shown(const char *url, char *shown, size_t size);
