/* Memory for the texts of all memory logs: pieces of ARENA_PIECE_BYTES, out of blocks of 2 MiB.
 *
 *     block   [head│piece│piece│piece│ … 126 of them]     at a multiple of its size, so that a piece tells its block
 *
 * Memory that is touched for the first time costs a page fault, and on virtual machines a dear one: of all the work for a trade it was the
 * largest part. In huge pages there are 512 times fewer of them. But the system fills 2 MiB with zeros then, for 3 to 5 ms on such a machine, in
 * which others wait for the processor: so that is for when trades come in bulk. At the pace of live ones memory comes a piece at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct arena arena_t;

enum { ARENA_PIECE_BYTES = 16384 };

/* NULL when memory runs out. */
arena_t *arena_new(void);

/* Pieces that were not given back stay what they are. */
void arena_destroy(arena_t **self);

/* Uninitialized. NULL when memory runs out. O(1). */
void *arena_take(arena_t *self);
void arena_give(arena_t *self, void *piece);

/* Zeroed memory for large tables, in huge pages where it is large enough for them. NULL when there is none. */
void *arena_table_new(size_t bytes);
void arena_table_free(void *table, size_t bytes);
