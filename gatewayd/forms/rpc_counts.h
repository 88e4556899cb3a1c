/* What is counted of JSON-RPC. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Of all peers: many count into the same. */
typedef struct {
    uint64_t requests; /* notifications and what is no proper request included */
    uint64_t errors;   /* answers that are errors */
} rpc_counts_t;

/* Of one peer: batches that are not answered yet. */
typedef struct {
    size_t count, bytes; /* of their replies so far */
} rpc_batches_t;
