/* How an upstream has libwebsockets connect: it races a host's addresses (address_race.h). Several may be tried at a time, each by a
 * connection of its own, and the first that stands is taken: without TLS once TCP has connected, with TLS once that has found the
 * certificate good. A TCP connection without TLS yet holds up the others for two seconds.
 */
#pragma once

#include "common/web.h"
#include "connectord/address_race.h"
#include "connectord/url.h"

#include <libwebsockets.h>

typedef struct {
    web_t *web;
    struct lws_vhost *vhost; /* the web's; one for each upstream, since the certificates to trust are the vhost's */
    const struct lws_protocols *protocol;
    bool tls;
    address_race_t race;
    struct lws *attempts[ADDRESS_RACE_MAX]; /* as numbered by the race; NULL: not begun, failed, taken */
    bool racing;
    size_t taken; /* number of the one that was taken last */
} dialer_t;

/* ca: a file, or empty for the system's. timeout_s: lws gives up by itself then. protocols: kept; the first one's callback is told of what
 * happens. False when lws refuses. */
bool dialer_open(dialer_t *self, web_t *web, const struct lws_protocols *protocols, const char *ca, bool tls,
                 unsigned timeout_s);

/* Begins a race of these addresses. dialer_go_on is due. */
void dialer_begin(dialer_t *self, const lookup_address_t *addresses, size_t count, int64_t now_ns);

/* Dials what is due, to the URL's host. With TLS lws speaks WebSocket, and the callback's reasons are a client's; without it lws hands
 * bytes through: those of a raw connection. opaque: each connection's lws_get_opaque_user_data. The callback may be called within. */
void dialer_go_on(dialer_t *self, const url_t *url, void *opaque, int64_t now_ns);

/* When dialer_go_on is due again; INT64_MAX: never. */
int64_t dialer_due_ns(const dialer_t *self);

/* Has each address failed? */
bool dialer_is_lost(const dialer_t *self);

/* One that stands is the caller's now, and all others are closed. It must be one of the race's. */
void dialer_take(dialer_t *self, struct lws *wsi);

/* One has failed; dialer_go_on is due. Returns its address; NULL when it is none of the race's. */
const char *dialer_failed(dialer_t *self, const struct lws *wsi, int64_t now_ns);

/* What became of the one that was taken: it is open; or it led nowhere, and the race goes on with those that have not been tried. */
void dialer_opened(dialer_t *self);
void dialer_led_nowhere(dialer_t *self, int64_t now_ns);

/* Ends the race, and closes what is still on its way. */
void dialer_abandon(dialer_t *self);
