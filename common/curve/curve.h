/* The keys of this process: its own, and those that it knows. Where there are none, sockets speak without CURVE.
 *
 * The processes of one place share a folder:
 *
 *     connectord.key   secret, read by connectord alone        connectord.pub   serves = "bus replay"
 *     cached.key       …                                       cached.pub       serves = "history", may = "subscribe replay"
 *                                                              desk.pub         may = "subscribe:trade.BTC-USD. history"
 */
#pragma once

#include "common/config/config.h"
#include "common/curve/known_peers.h"

/* What a section ("connectord") of the configuration, which outlives this, says. Without one nothing is secured, and it is as if `insecure` was
 * set. False, with a log line, when files can't be used. */
bool curve_read(const config_t *config, const char *section);

/* Could it? False, with the mistake reported. */
bool curve_check(const config_t *config, const char *section, void (*report)(const char *mistake));
void curve_forget(void);

/* The folder, and the process's own key in it or elsewhere; NULL is without. For curve_read, and tests. */
bool curve_use(const char *folder, const char *own, char wrong[static TRUSTED_FILE_WRONG_MAX]);

typedef enum {
    CURVE_SAME,
    CURVE_OTHERS_CHANGED, /* who is known, or what they may */
    CURVE_OWN_CHANGED     /* the process's own key, and maybe others */
} curve_change_t;

/* Reads the files again. What can't be used changes nothing, and is logged. */
curve_change_t curve_reload(void);

/* Has this process keys? */
bool curve_on(void);

/* May sockets listen on a network without keys? */
bool curve_insecure(void);

/* Of this process. */
const char *curve_public_key(void);
const char *curve_secret_key(void);

/* As known_peers.h: whose key is this, and who serves this? */
const known_peer_t *curve_peer(text_t public_key);
const known_peer_t *curve_server(const char *service, size_t number);
