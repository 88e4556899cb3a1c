#include "gatewayd/listeners.h"

#include "common/log.h"

#include <assert.h>

static_assert((int)HTTP_LISTENERS_MAX <= (int)HOSTS_LISTEN_MAX, "each is a name");

void listeners_read(const config_t *config, http_config_t *http, hosts_t *hosts)
{
    size_t count = config_count(config, "gatewayd.listen");
    for (size_t i = 0; i < count && i < HTTP_LISTENERS_MAX; i++) {
        const char *address = config_text(config, "gatewayd.listen.%zu.address", i);
        http->listen[i] = (http_listen_t){.address = address, .share = config_flag(config, "gatewayd.listen.%zu.share", i)};
        hosts_listen(hosts, address);
    }
}

void listeners_log(const http_config_t *http)
{
    for (size_t i = 0; i < HTTP_LISTENERS_MAX && http->listen[i].address; i++)
        log_info("gateway: listening", LOG_TEXT("address", http->listen[i].address));
}
