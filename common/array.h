/* Room for one more element of an array that grows.
 *
 *     book_t **books;
 *     size_t count, room;
 *     …
 *     if (!ARRAY_RESERVE(&self->books, &self->room, self->count + 1, BOOKS_MAX))
 *         return false;
 *     self->books[self->count++] = book;
 *
 * It doubles, so that n elements cost O(n). The array is the caller's, who frees it; NULL and a room of 0 are an empty one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For what is bounded elsewhere: by the configuration, say. */
#define ARRAY_UNBOUNDED SIZE_MAX

/* Makes room for `wanted` elements, which are zero where they are new. `array`: the address of the pointer to the first one. False, and
 * nothing has changed, when more than `max` are wanted or memory runs out. */
#define ARRAY_RESERVE(array, room, wanted, max) array_reserve((array), (room), sizeof **(array), (wanted), (max))

bool array_reserve(void *array, size_t *room, size_t element_bytes, size_t wanted, size_t max);
