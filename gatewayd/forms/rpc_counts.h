/* What is counted of the JSON-RPC of all peers. */
#pragma once

#include <stdint.h>

/* Many peers count into the same. */
typedef struct {
    uint64_t requests; /* notifications and what is no proper request included */
    uint64_t errors;   /* answers that are errors */
} rpc_counts_t;
