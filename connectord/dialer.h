/* How an upstream has libwebsockets connect. */
#pragma once

#include "common/web.h"
#include "connectord/url.h"

#include <libwebsockets.h>

typedef struct {
    web_t *web;
    struct lws_vhost *vhost; /* the web's; one for each upstream, since the certificates to trust are the vhost's */
    const struct lws_protocols *protocol;
    bool tls;
} dialer_t;

/* ca: a file, or empty for the system's. timeout_s: lws gives up by itself then. protocols: kept; the first one's callback is told of what
 * happens. False when lws refuses. */
bool dialer_open(dialer_t *self, web_t *web, const struct lws_protocols *protocols, const char *ca, bool tls,
                 unsigned timeout_s);

/* Connects to an address of the URL's host. With TLS lws speaks WebSocket, and the callback's reasons are a client's; without it lws hands
 * bytes through: those of a raw connection. opaque: the connection's lws_get_opaque_user_data. False when it could not begin, of which
 * the callback may have been told, or not; *wsi is set else. */
bool dialer_dial(const dialer_t *self, const url_t *url, const char *address, void *opaque, struct lws **wsi);
