#include "tests/simulator/exchanges/personality.h"

#include <string.h>

#include "tests/simulator/exchanges/binance.h"
#include "tests/simulator/exchanges/blockchain.h"
#include "tests/simulator/exchanges/coinbase.h"
#include "tests/simulator/exchanges/kraken.h"

static const sim_personality_t *const personalities[] = {&blockchain_personality, &coinbase_personality, &kraken_personality,
                                                         &binance_personality};

const sim_personality_t *personality_find(const char *name)
{
    for (size_t i = 0; i < sizeof personalities / sizeof *personalities; i++)
        if (strcmp(personalities[i]->name, name) == 0)
            return personalities[i];
    return NULL;
}
