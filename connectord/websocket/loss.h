/* Why a connection to an exchange is gone or could not be made, and what that means for the next try. */
#pragma once

#include <stdint.h>

typedef enum {
    LOSS_USUAL,
    LOSS_LOOKUP, /* the host's name could not be resolved: nothing was learned about the exchange, and the circuit breaker does not count it */
    LOSS_REFUSED /* the exchange does not let us in, and it takes a person to change that: try slowly */
} loss_kind_t;

typedef struct {
    const char *reason; /* valid during the call */
    loss_kind_t kind;
    uint32_t retry_after_ms; /* the exchange asks not to be tried earlier; 0: it does not ask */
} loss_t;
