/* The topics of streams, `trade.<SYMBOL>.<source>`, and of a source's state, `status.<source>`.
 *
 * A symbol has a hyphen inside and no dot (BTC-USD, BTC-USD-PERP, kPEPE-USD), so the first dot after it ends it; a source's
 * name may be any UTF-8 without control characters, spaces, quotes and backslashes. */
#pragma once

#include "common/text.h"

#include <assert.h>

enum { SYMBOL_MIN = 3, SYMBOL_MAX = 64, SOURCE_MAX = 64, TOPIC_MAX = 6 + SYMBOL_MAX + 1 + SOURCE_MAX };

#define TOPIC_TRADE  "trade."
#define TOPIC_STATUS "status."

/* A copy of one, or of a part of it, within what it belongs to. Empty when zeroed. */
typedef struct {
    char bytes[TOPIC_MAX];
    size_t length;
} kept_topic_t;

typedef struct {
    char bytes[SYMBOL_MAX];
    size_t length;
} kept_symbol_t;

typedef struct {
    char bytes[SOURCE_MAX];
    size_t length;
} kept_source_t;

/* Copies the text, which must fit (asserted) and may be the kept one, into any of the three; and says what is kept, valid as long as that stays. */
#define KEEP_TEXT(kept, text) kept_text_set((kept)->bytes, sizeof(kept)->bytes, &(kept)->length, (text))
#define KEPT_TEXT(kept)       ((text_t){(kept)->bytes, (kept)->length})

static inline void kept_text_set(char *bytes, size_t size, size_t *length, text_t text)
{
    assert(text.length <= size);
    if (text.length > 0)
        memmove(bytes, text.at, text.length);
    *length = text.length;
    (void)size;
}

/* SYMBOL_MIN to SYMBOL_MAX bytes of UTF-8 without control characters, spaces, dots, commas, quotes, backslashes, '*' and
 * '/', with a hyphen that is neither the first byte nor the last. */
bool symbol_valid(text_t symbol);

/* May a byte be part of a symbol? One of many may. */
bool symbol_char(char c);

/* 1 to SOURCE_MAX bytes of UTF-8 as said above. */
bool source_valid(text_t source);

/* Prints `trade.<symbol>.<source>`, both valid, without a NUL, and returns the length. */
size_t topic_print(char out[static TOPIC_MAX], text_t symbol, text_t source);

/* Is it what topic_print makes of these two, which are valid? */
bool topic_names(text_t topic, text_t symbol, text_t source);

/* The slices of a trade's topic. False for anything that is not one. */
bool topic_parse(text_t topic, text_t *symbol, text_t *source);

/* Does any topic, of a trade or a status, begin with it? The empty text begins them all; the last character may be cut short. */
bool topic_can_begin(text_t prefix);
