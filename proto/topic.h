/* The topics of streams and of a source's state, and what streams are about.
 *
 *     trade.<SYMBOL>.<source>     trade.BTC-USD.kraken          subject: BTC-USD
 *     <channel>.<KEY>.<source>    readings.sensor-7.lab         subject: readings.sensor-7
 *     status.<source>
 *
 * A stream's subject is the symbol of trades, or the channel and the key of any other record (channel.md). A symbol has a hyphen inside; neither it nor
 * a key has a dot, so the first dot after it ends it. A source's name may be any UTF-8 without control characters, spaces, quotes and
 * backslashes. */
#pragma once

#include "common/text.h"

#include <assert.h>

enum {
    SYMBOL_MIN = 3,
    SYMBOL_MAX = 64,
    CHANNEL_MAX = 32,
    KEY_MAX = SYMBOL_MAX,
    SUBJECT_MAX = CHANNEL_MAX + 1 + KEY_MAX,
    SOURCE_MAX = 64,
    TOPIC_MAX = SUBJECT_MAX + 1 + SOURCE_MAX,
    REMEMBERED_MAX = 16384 /* streams that a cached holds; a source that takes every key that comes offers no more */
};

#define TOPIC_TRADE      "trade."
#define TOPIC_STATUS     "status."
#define CHANNEL_TRADES   "trades"
#define CHANNEL_COVERAGE "coverage" /* connectord writes its records itself: coverage.md */

/* A copy of one, or of a part of it, within what it belongs to. Empty when zeroed. */
typedef struct {
    size_t length;
    char bytes[TOPIC_MAX];
} kept_topic_t;

typedef struct {
    size_t length;
    char bytes[SUBJECT_MAX];
} kept_subject_t;

typedef struct {
    size_t length;
    char bytes[SOURCE_MAX];
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

/* A small letter, then small letters, digits and '_', CHANNEL_MAX in all; but "trade", "trades" and "status", which mean something else. */
bool channel_valid(text_t channel);

/* May a source's own configuration not have records of the channel? connectord writes them itself. For readers it is a valid one. */
bool channel_reserved(text_t channel);

/* 1 to KEY_MAX bytes as in a symbol; a hyphen need not be among them. */
bool key_valid(text_t key);

/* A valid symbol, or a valid channel, a dot and a valid key. */
bool subject_valid(text_t subject);

/* Is a valid subject a symbol of trades? */
bool subject_is_symbol(text_t subject);

/* The channel ("trades") and the key (the symbol) of a valid subject. */
void subject_split(text_t subject, text_t *channel, text_t *key);

/* A valid channel, a dot and a '*': every key of the channel. In the configuration, never in a topic. */
bool subject_is_any(text_t subject);

/* Takes the subject and the dot behind it off the beginning of a text: <subject>.<rest>. False when there is none. */
bool subject_take(text_t *text, text_t *subject);

/* Prints the subject of a valid key in a channel, CHANNEL_TRADES or a valid one, without a NUL, and returns the length. */
size_t subject_print(char out[static SUBJECT_MAX], text_t channel, text_t key);

/* 1 to SOURCE_MAX bytes of UTF-8 as said above. */
bool source_valid(text_t source);

/* Prints the topic of a stream, of a valid subject and a valid source (or an empty one: what all of the subject begin with), without a NUL, and returns the length. */
size_t topic_print(char out[static TOPIC_MAX], text_t subject, text_t source);

/* Is it what topic_print makes of these two, which are valid? */
bool topic_names(text_t topic, text_t subject, text_t source);

/* The slices of a stream's topic. False for anything that is not one. */
bool topic_parse(text_t topic, text_t *subject, text_t *source);

/* Does any topic, of a stream or a status, begin with it? The empty text begins them all; the last character may be cut short. */
bool topic_can_begin(text_t prefix);
