/* How an upstream gets to its host: looks up the name, and has libwebsockets connect to the addresses in a race (address_race.h). Several may
 * be tried at a time, each by its own connection, and the first to be established is taken: without TLS once TCP has connected, with TLS
 * once that has found the certificate good. A TCP connection without TLS yet holds up the others for two seconds.
 */
#pragma once

#include "connectord/websocket/address_race.h"
#include "connectord/websocket/loss.h"
#include "connectord/websocket/transport.h"
#include "connectord/websocket/web.h"
#include "connectord/websocket/ws_url.h"

struct lws_protocols;
struct lws_vhost;

/* The name can't be resolved, or each address has failed. From the loop, never from within the calls below. */
typedef void dialer_failed_fn(void *arg, const loss_t *loss);

typedef struct {
    const ws_url_t *url;
    tls_trust_t *trust;                    /* for wss://; the caller's */
    const struct lws_protocols *protocols; /* kept; the first one's callback gets the connections' events */
    unsigned timeout_s;                    /* lws gives up then */
} dialer_config_t;

typedef struct {
    loop_t *loop;
    web_t *web;
    dialer_config_t config;
    struct lws_vhost *vhost; /* the web's */
    dialer_failed_fn *failed;
    void *arg; /* each connection's lws_get_opaque_user_data, too */
    loop_timer_t *step;
    lookup_t *lookup;
    bool racing;
    address_race_t race;
    transport_t attempts[ADDRESS_RACE_MAX]; /* as numbered by the race; empty: not started, failed, taken */
    size_t taken;                           /* number of the one that was taken last */
    char reason[300];                       /* of the last that failed */
} dialer_t;

/* What `config` points to is kept. False when lws refuses, or memory runs out. */
bool dialer_open(dialer_t *self, loop_t *loop, web_t *web, const dialer_config_t *config, dialer_failed_fn *failed, void *arg);
void dialer_close(dialer_t *self);

/* Looks up, and dials. lws only connects, and hands bytes through: its callback's reasons are those of a raw connection. */
void dialer_start(dialer_t *self);

/* Ends that, and closes pending connections. Fine when there is nothing. */
void dialer_stop(dialer_t *self);

/* Is the name still being resolved? */
bool dialer_is_looking_up(const dialer_t *self);

typedef enum {
    DIALER_PENDING,
    DIALER_STANDS, /* this one is established: dialer_take */
    DIALER_FAILED  /* it is counted as lost, and to be closed */
} dialer_progress_t;

/* One that was not taken has connected; has received something. */
dialer_progress_t dialer_connected(dialer_t *self, struct lws *wsi);
dialer_progress_t dialer_received(dialer_t *self, struct lws *wsi, text_t bytes);

/* An established one is the caller's now, and all others are closed. */
transport_t dialer_take(dialer_t *self, struct lws *wsi);

/* One that was not taken is gone. */
void dialer_lost(dialer_t *self, const struct lws *wsi, text_t error);

/* The outcome of the one taken: it is open; or it did not work, and is tried last the next time. */
void dialer_opened(dialer_t *self);
void dialer_led_nowhere(dialer_t *self);

/* Continues with the untried addresses, after one that did not work for this reason. */
void dialer_go_on(dialer_t *self, const char *reason);
