/* Memory for the texts of all memory logs: pieces of ARENA_PIECE_BYTES, from blocks of 2 MiB.
 *
 *     block   [head│piece│piece│piece│ … 126 of them]     at a multiple of its size, so a piece knows its block
 *
 * Memory that is touched for the first time costs a page fault, expensive on virtual machines: of all the work for a trade it was the
 * largest part. Huge pages need 512 times fewer of them. But then the system zeroes 2 MiB, for 3 to 5 ms on such a machine, during
 * which others wait for the processor: so they are for trades in bulk. At the pace of live trades memory grows a piece at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct arena arena_t;

enum { ARENA_PIECE_BYTES = 16384 };

/* NULL when memory runs out. */
arena_t *arena_new(void);

/* Pieces that were not given back stay valid. */
void arena_destroy(arena_t **self);

/* Uninitialized. NULL when memory runs out. O(1). */
void *arena_take(arena_t *self);
void arena_give(arena_t *self, void *piece);

/* Zeroed memory for large tables, in huge pages if it is large enough. NULL when there is none. */
void *arena_table_new(size_t bytes);
void arena_table_free(void *table, size_t bytes);
