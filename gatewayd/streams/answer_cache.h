/* Ready-made answers to getRecentTrades, by question. Bounded: what was not asked for for longest goes. */
#pragma once

#include "common/list.h"
#include "gatewayd/forms/accept.h"
#include "gatewayd/forms/recent_query.h"

enum {
    ANSWER_ROOM = 1024,           /* writable bytes in front of an answer */
    ANSWER_MAX = 8 << 20,         /* bytes: as history's */
    ANSWER_CACHE_MAX = 256,       /* so many are kept, … */
    ANSWER_CACHE_BYTES = 16 << 20 /* … of so many bytes together, and the last one whatever it has */
};

/* How an answer is told. */
typedef enum {
    ANSWER_RPC,  /* {"channel":…}}: the result of JSON-RPC, and the brace behind it */
    ANSWER_LIST, /* […],"page":{…}}: the same where the list is the result (dialect.h) */
    ANSWER_REST  /* {"version":"v1",…} and a line feed */
} answer_form_t;

typedef struct {
    buffer_t bytes;            /* ANSWER_ROOM bytes, and the text */
    buffer_t packed;           /* the text compressed by gzip; empty: it is not yet */
    char tag[ACCEPT_TAG_SIZE]; /* accept_tag of it; of ANSWER_REST */
    uint64_t version;          /* of the market that it was made of; 0: not valid now */
    int64_t staleness_ms;      /* that it tells */
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

/* The answer to a question, a new one where there is none, or an old one to be made again (ready_answer_t.version). Valid
 * until the next call. NULL when memory runs out, or the question is too long. */
ready_answer_t *answer_cache_get(answer_cache_t *self, const recent_query_t *question, answer_form_t form);

/* It was made again, or compressed: takes note of its size. It stays until the next call of answer_cache_get in any case. */
void answer_cache_grown(answer_cache_t *self, ready_answer_t *answer);
