/* A parsed WebSocket URL: ws://host[:port][/path][?query] or wss://…, host as a name, an IPv4 address or [an IPv6 address]. */
#pragma once

#include "common/text.h"

enum { URL_HOST_MAX = 253, URL_PATH_MAX = 2047 };

typedef struct {
    bool tls;
    char host[URL_HOST_MAX + 1];           /* without brackets */
    char authority[URL_HOST_MAX + 1 + 10]; /* for the Host header: with brackets, and with the port if it isn't the scheme's */
    uint16_t port;
    char path[URL_PATH_MAX + 1]; /* with the query; at least "/" */
} ws_url_t;

/* False, with what is wrong, for anything else; including user names, passwords and fragments. */
bool ws_url_parse(text_t text, ws_url_t *url, const char **wrong);
