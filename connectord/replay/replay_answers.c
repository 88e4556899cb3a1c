#include "connectord/replay/replay_answers.h"

#include "common/table.h"
#include "connectord/http/known_records.h"
#include "connectord/http/record_queue.h"
#include "proto/topic.h"

#include <stdlib.h>

typedef struct {
    kept_subject_t subject;
    record_queue_t queue;
} replay_answer_t;

struct replay_answers {
    bool newest_first;
    known_records_t *known;
    table_t *answers;              /* by subject; owned */
    replay_answer_t *open, *whole; /* of them; NULL: none */
};

static void forget(replay_answers_t *self)
{
    replay_answer_t *answer;
    for (size_t at = 0; self->answers && (answer = table_each(self->answers, &at));) {
        record_queue_release(&answer->queue);
        free(answer);
    }
    table_destroy(&self->answers);
    self->open = self->whole = NULL;
}

static replay_answer_t *add_answer(replay_answers_t *self, text_t subject)
{
    bool fits = table_count(self->answers) < REPLAY_ANSWERS_MAX && subject.length <= SUBJECT_MAX;
    replay_answer_t *answer = fits ? calloc(1, sizeof *answer) : NULL;
    if (!answer)
        return NULL;
    KEEP_TEXT(&answer->subject, subject);
    answer->queue = record_queue_new();
    if (table_put(self->answers, KEPT_TEXT(&answer->subject), answer))
        return answer;
    record_queue_release(&answer->queue);
    free(answer);
    return NULL;
}

/* NULL when there are too many, or memory runs out. */
static replay_answer_t *answer_for(replay_answers_t *self, text_t subject)
{
    if (!self->answers && !(self->answers = table_new()))
        return NULL;
    replay_answer_t *answer = table_get(self->answers, subject);
    return answer ? answer : add_answer(self, subject);
}

replay_answers_t *replay_answers_new(bool newest_first)
{
    replay_answers_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->newest_first = newest_first;
    if (!replay_answers_begin(self))
        replay_answers_destroy(&self);
    return self;
}

void replay_answers_destroy(replay_answers_t **self_p)
{
    replay_answers_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    forget(self);
    known_records_destroy(&self->known);
    free(self);
}

void replay_answers_mark(replay_answers_t *self, const recorded_line_t *recorded)
{
    if (recorded->kind == RECORDED_CONNECTION)
        forget(self);
    if (recorded->kind == RECORDED_ASKED)
        self->open = answer_for(self, recorded->subject);
    if (recorded->kind != RECORDED_ANSWERED)
        return;
    self->open = NULL;
    self->whole = answer_for(self, recorded->subject);
    if (self->whole && self->newest_first)
        record_queue_reverse(&self->whole->queue);
}

bool replay_answers_begin(replay_answers_t *self)
{
    forget(self);
    known_records_destroy(&self->known);
    self->known = known_records_new();
    return self->known;
}

bool replay_answers_open(const replay_answers_t *self)
{
    return self->open;
}

text_t replay_answers_subject(const replay_answers_t *self)
{
    return self->open ? KEPT_TEXT(&self->open->subject) : (text_t){"", 0};
}

/* Is it new? Then it is known from here on. */
static bool learn(replay_answers_t *self, const mapping_record_t *record)
{
    if (known_records_has(self->known, record))
        return false;
    known_records_note(self->known, record);
    return true;
}

replay_answers_put_t replay_answers_put(replay_answers_t *self, const mapping_record_t *record)
{
    if (!self->newest_first)
        return learn(self, record) ? REPLAY_ANSWERS_NEW : REPLAY_ANSWERS_KNOWN;
    if (known_records_has(self->known, record))
        return REPLAY_ANSWERS_KNOWN;
    return record_queue_put(&self->open->queue, record) ? REPLAY_ANSWERS_PUT : REPLAY_ANSWERS_FULL;
}

bool replay_answers_take(replay_answers_t *self, mapping_record_t *record)
{
    if (!self->whole)
        return false;
    while (record_queue_take(&self->whole->queue, record))
        if (learn(self, record))
            return true;
    record_queue_clear(&self->whole->queue);
    text_t subject = KEPT_TEXT(&self->whole->subject);
    known_records_settle(self->known, subject_is_any(subject) ? (text_t){"", 0} : subject);
    self->whole = NULL;
    return false;
}
