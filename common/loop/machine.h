/* Limits of the machine, for defaults. */
#pragma once

#include <stdint.h>

/* Bytes of memory that this process may use: the machine's, or what its control group (version 1 or 2) or one above it allows, where that is less.
 * Reads files: for the start. 0 if unknown. */
uint64_t machine_memory_bytes(void);
