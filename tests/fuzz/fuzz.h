/* What every fuzz target stands on. A target is a file fuzz_NAME.c and a folder corpus/NAME with inputs to begin with. `make fuzz` builds it with
 * libFuzzer; `make test` runs it over its corpus (corpus.c). */
#pragma once

#include <stdlib.h>

#include "common/text.h"

/* libFuzzer's entry: takes any bytes, returns 0, and dies where what must be true of them is not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool true_statement)
{
    if (!true_statement)
        abort();
}

/* The text up to a mark, or all of it; what is behind the mark is left. */
static inline text_t take_until(text_t *rest, char mark)
{
    const char *at = rest->length ? memchr(rest->at, mark, rest->length) : NULL;
    text_t part = {rest->at, at ? (size_t)(at - rest->at) : rest->length};
    size_t used = part.length + (at != NULL);
    *rest = (text_t){rest->at + used, rest->length - used};
    return part;
}
