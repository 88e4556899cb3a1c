/* Where the gateway listens, as gatewayd.listen says, and who it is there: the certificates, which can be read again while clients are connected. And which proxies are believed
 * about who connects. */
#pragma once

#include "common/config/config.h"
#include "common/http/http_server.h"

typedef struct {
    http_listen_t places[HTTP_LISTENERS_MAX];
    size_t count;
    proxies_t proxies;
} listeners_t;

/* Reads all certificates, and puts the names into `hosts`. The configuration outlives it. False with a log line for each that can't be used. */
bool listeners_open(listeners_t *self, const config_t *config, hosts_t *hosts);
void listeners_close(listeners_t *self);

/* Reads certificates again, as `config` names them now, and takes its proxies. Where a certificate can't be used the former stays, with a log line. */
void listeners_renew(listeners_t *self, const config_t *config);

/* Is it a key whose value of `config` listeners_renew takes? */
bool listeners_take(const listeners_t *self, const config_t *config, const char *key);

/* The certificates' mistakes, as options_check_fn. */
bool listeners_check(const config_t *config, void (*report)(const char *mistake));

/* Says where it listens, and warns of what anybody could read or use there. asks: for tokens. */
void listeners_log(const listeners_t *self, bool asks);
