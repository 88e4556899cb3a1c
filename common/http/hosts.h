/* The names of a server, against DNS rebinding: a web page of evil.example whose name suddenly resolves to this machine's address would
 * have the same origin as what it asks for, but its Host still says evil.example.
 *
 * Any address is fine, and so are localhost, the machine's own name, the name that the server listens on, and those configured.
 */
#pragma once

#include "common/config/config.h"
#include "common/text.h"

enum { HOSTS_MAX = 64, HOSTS_LISTEN_MAX = 16, HOSTS_NAME_MAX = 256 };

typedef struct {
    const char *names[HOSTS_MAX]; /* that are configured, without ports; "*": any. They outlive it */
    size_t count;
    const char *key;                      /* that configures them, for messages */
    const char *listen[HOSTS_LISTEN_MAX]; /* HOST:PORT that the server listens at, each; they outlive it */
    size_t listen_count;
    char machine[HOSTS_NAME_MAX]; /* its own name */
} hosts_t;

/* Those of a list of the configuration, "gatewayd.hosts". config: NULL for none; it and `key` outlive it. */
void hosts_init(hosts_t *self, const config_t *config, const char *key);

/* The server listens there, too. At most HOSTS_LISTEN_MAX. */
void hosts_listen(hosts_t *self, const char *address);

/* Is it a name of ours? host: the value of Host; an empty one, which no browser sends, is fine. */
bool hosts_know(const hosts_t *self, text_t host);

/* The same, with a log line where it is not. */
bool hosts_admit(const hosts_t *self, text_t host);
