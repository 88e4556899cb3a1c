#include "connectord/connectors/connector.h"

#include "connectord/websocket/ws_url.h"

#include <stdio.h>

/* A new connector is named here; its file defines connector_NAME. */
#define CONNECTORS(X) X(binance) X(blockchain) X(coinbase) X(http) X(kraken) X(push) X(replay) X(websocket)

#define DECLARED(name) extern const connector_t connector_##name;
CONNECTORS(DECLARED)

#define LISTED(name) &connector_##name,
static const connector_t *const connectors[] = {CONNECTORS(LISTED)};
enum { CONNECTOR_COUNT = sizeof connectors / sizeof *connectors };

const connector_t *connector_at(size_t number)
{
    return number < CONNECTOR_COUNT ? connectors[number] : NULL;
}

const connector_t *connector_find(const char *name)
{
    for (size_t i = 0; i < CONNECTOR_COUNT; i++)
        if (strcmp(connectors[i]->name, name) == 0)
            return connectors[i];
    return NULL;
}

const schema_key_t *connector_setting_at(size_t number)
{
    for (size_t i = 0; i < CONNECTOR_COUNT; number -= connectors[i++]->setting_count)
        if (number < connectors[i]->setting_count)
            return &connectors[i]->settings[number];
    return NULL;
}

void connector_names(char *names, size_t size)
{
    names[0] = '\0';
    for (size_t i = 0, length = 0; i < CONNECTOR_COUNT && length < size; i++)
        length += (size_t)snprintf(names + length, size - length, "%s%s", i == 0 ? "" : ", ", connectors[i]->name);
}

bool connector_repeats(const connector_t *self, const source_config_t *config)
{
    return self->repeats && source_config_setting(config, self->repeats)->number > 0;
}

bool connector_needs_no_check(const source_config_t *config, char error[static CONNECTOR_ERROR_MAX])
{
    (void)config, (void)error;
    return true;
}

bool connector_check_websocket(const source_config_t *config, char error[static CONNECTOR_ERROR_MAX])
{
    const char *wrong;
    ws_url_t url;
    bool good = config->url[0] == '\0' || ws_url_parse(text_of(config->url), &url, &wrong);
    if (!good) /* behind the scheme there may be secrets */
        snprintf(error, CONNECTOR_ERROR_MAX, "url: %s, found %.*s", wrong, (int)strcspn(config->url, "/?"), config->url);
    return good;
}
