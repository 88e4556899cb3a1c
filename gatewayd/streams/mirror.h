/* Memory that is mapped twice in a row, so that what is written across its end lies in one piece, too. */
#pragma once

#include <stddef.h>

/* capacity: a multiple of a page. Takes a file descriptor meanwhile. NULL when memory or descriptors run out: errno says which. */
char *mirror_new(size_t capacity);
void mirror_destroy(char **bytes, size_t capacity);

/* Memory comes as it is filled for the first time, and no more of it ahead than there has been. Returns how many bytes have some behind them, from
 * the beginning on: at least `end`, or all; `backed` is what was returned before, 0 at first. */
size_t mirror_back(char *bytes, size_t capacity, size_t backed, size_t end);
