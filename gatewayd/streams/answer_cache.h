/* Ready-made answers to getRecentTrades, by query. Bounded: the least recently used goes. */
#pragma once

#include "common/list.h"
#include "gatewayd/forms/accept.h"
#include "gatewayd/forms/answer_form.h"
#include "gatewayd/forms/recent_query.h"

enum {
    ANSWER_ROOM = 1024,           /* writable bytes in front of an answer */
    ANSWER_MAX = 8 << 20,         /* bytes: as for history */
    ANSWER_CACHE_MAX = 256,       /* this many are kept, … */
    ANSWER_CACHE_BYTES = 16 << 20 /* … of this many bytes together, and the last one whatever its size */
};

typedef struct {
    buffer_t bytes;            /* ANSWER_ROOM bytes, and the text */
    buffer_t packed;           /* the text gzipped; empty: not yet */
    char tag[ACCEPT_TAG_SIZE]; /* accept_tag of it; of ANSWER_REST */
    uint64_t version;          /* of the market that it was made of; 0: not valid now */
    int64_t staleness_ms;      /* as stated in it */
    /* Of answer_cache.c. */
    buffer_t key;
    size_t counted;
    list_t in_answers;
} ready_answer_t;

static inline text_t answer_text(const ready_answer_t *self)
{
    return (text_t){self->bytes.bytes + ANSWER_ROOM, self->bytes.length - ANSWER_ROOM};
}

typedef struct answer_cache answer_cache_t;

/* NULL when memory runs out. */
answer_cache_t *answer_cache_new(void);
void answer_cache_destroy(answer_cache_t **self);

/* The answer to a query: a new one if there is none, or an old one to be made again (ready_answer_t.version). Valid
 * until the next call. NULL when memory runs out, or the query is too long. */
ready_answer_t *answer_cache_get(answer_cache_t *self, const recent_query_t *question, answer_form_t form);

/* It was made again, or compressed: takes note of its size. It stays until the next call of answer_cache_get in any case. */
void answer_cache_grown(answer_cache_t *self, ready_answer_t *answer);
