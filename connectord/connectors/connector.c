#include "connectord/connectors/connector.h"

#include <stdlib.h>

extern const connector_t connector_blockchain, connector_replay;

/* A new connector: its line here, and its name below. */
static const connector_t *const connectors[] = {
    &connector_blockchain,
    &connector_replay,
};

const char *connector_names(void)
{
    return "blockchain, replay";
}

const connector_t *connector_find(const char *name)
{
    for (size_t i = 0; i < sizeof connectors / sizeof *connectors; i++)
        if (strcmp(connectors[i]->name, name) == 0)
            return connectors[i];
    return NULL;
}
