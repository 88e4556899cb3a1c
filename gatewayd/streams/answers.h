/* Ready-made answers to getRecentTrades, by question. Bounded: what was not asked for for longest goes. */
#pragma once

#include "common/list.h"
#include "gatewayd/forms/accept.h"
#include "gatewayd/forms/question.h"

enum {
    ANSWER_ROOM = 1024,      /* writable bytes in front of an answer */
    ANSWER_MAX = 8 << 20,    /* bytes: as history's */
    ANSWERS_MAX = 256,       /* so many are kept, … */
    ANSWERS_BYTES = 16 << 20 /* … of so many bytes together, and the last one whatever it has */
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
    uint64_t version;          /* of the market that it was made of; 0: it is none now */
    int64_t staleness_ms;      /* that it tells */
    /* Of answers.c. */
    buffer_t key;
    size_t counted;
    list_t in_answers;
} answer_t;

static inline text_t answer_text(const answer_t *self)
{
    return (text_t){self->bytes.bytes + ANSWER_ROOM, self->bytes.length - ANSWER_ROOM};
}

typedef struct answers answers_t;

/* NULL when memory runs out. */
answers_t *answers_new(void);
void answers_destroy(answers_t **self);

/* The answer to a question, a new one where there is none, or an old one to be made anew (answer_t.version). Valid until the next call. NULL
 * when memory runs out, or the question is too long. */
answer_t *answers_get(answers_t *self, const question_t *question, answer_form_t form);

/* It was made anew, or compressed: takes note of its size. It stays until the next call of answers_get in any case. */
void answers_grown(answers_t *self, answer_t *answer);
