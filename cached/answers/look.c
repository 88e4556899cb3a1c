#include "cached/answers/look.h"

#include <stdlib.h>

#include "cached/answers/fair_queue.h"
#include "cached/answers/page.h"

struct look {
    look_config_t config;
    fair_queue_t *waiting;
    question_t *question; /* the one whose answer is being made */
    request_t request;
    extract_t page;
    buffer_t answer;
};

static void proceed(look_t *self);

static void end(look_t *self)
{
    question_t *question = self->question;
    self->question = NULL;
    self->config.on_answer(self->config.arg, question, &self->request, &self->answer);
    free(question);
}

/* What was looked for is there, or the store failed. */
static void take_chunk(look_t *self, size_t stream)
{
    const chunk_t *chunk = lookback_chunk(self->config.lookback, stream);
    cursor_t stored = {UINT64_MAX, UINT64_MAX}, floor;
    text_t topic = chunk_query(chunk)->topic;
    if (self->config.archive)
        stored = archive_place(self->config.archive, topic);
    extract_give(&self->page, stream, chunk, stored);
    tape_t *tape = shelf_find(self->config.shelf, topic);
    if (tape && extract_floor(&self->page, stream, &floor))
        tape_set_floor(tape, floor);
}

static void on_looked(void *arg)
{
    look_t *self = arg;
    const extract_t *page = &self->page;
    for (size_t i = extract_lacking(page, 0); i < extract_streams(page); i = extract_lacking(page, i + 1))
        take_chunk(self, i);
    proceed(self);
}

/* Asks the store for all that the page lacks. False when memory runs out. */
static bool read_store(look_t *self)
{
    extract_t *page = &self->page;
    for (size_t i = extract_lacking(page, 0); i < extract_streams(page); i = extract_lacking(page, i + 1)) {
        store_query_t query = extract_wants(page, i);
        if (!lookback_want(self->config.lookback, i, &query))
            return false;
    }
    lookback_start(self->config.lookback, on_looked, self);
    return true;
}

/* The next question that waits: false when there is none, or when it has its answer already. */
static bool begin(look_t *self)
{
    buffer_clear(&self->answer);
    self->question = fair_queue_pop(self->waiting);
    if (!self->question)
        return false;
    request_parse(self->question->request, &self->request, &self->answer); /* it was parsed before: it is valid */
    if (page_begin(self->config.shelf, &self->request, true, &self->page, &self->answer))
        return true;
    end(self);
    return false;
}

/* Goes on with the question whose turn it is until the store has to be read. */
static void proceed(look_t *self)
{
    if (lookback_busy(self->config.lookback))
        return;
    while (self->question || fair_queue_count(self->waiting) > 0) {
        if (!self->question && !begin(self))
            continue;
        if (!extract_print(&self->page, self->config.answer_bytes, &self->answer)) {
            if (read_store(self))
                return;
            answer_error(&self->answer, &self->request, ERROR_INTERNAL, "no memory: ask for less");
        }
        end(self);
    }
}

look_t *look_new(const look_config_t *config)
{
    look_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->answer = buffer_new(config->answer_bytes);
    self->waiting = fair_queue_new(LOOK_WAITING_MAX);
    if (!self->waiting)
        look_destroy(&self);
    return self;
}

void look_destroy(look_t **self)
{
    look_t *look = *self;
    if (!look)
        return;
    fair_queue_destroy(&look->waiting);
    free(look->question);
    buffer_release(&look->answer);
    free(look);
    *self = NULL;
}

/* One that waited gives its place to a peer that has fewer. */
static void refuse(look_t *self, question_t *question)
{
    request_t request;
    buffer_t answer = buffer_new(0);
    request_parse(question->request, &request, &answer);
    answer_error(&answer, &request, ERROR_UNAVAILABLE, "too much is asked for at once: try again later");
    self->config.on_answer(self->config.arg, question, &request, &answer);
    buffer_release(&answer);
    free(question);
}

bool look_ask(look_t *self, const question_t *question)
{
    question_t *kept = question_new(question->peer, question->request, question->asked_ns), *displaced = NULL;
    if (!kept)
        return false;
    if (!fair_queue_push(self->waiting, kept, &displaced)) {
        free(kept);
        return false;
    }
    if (displaced)
        refuse(self, displaced);
    proceed(self);
    return true;
}

size_t look_waiting(const look_t *self)
{
    return fair_queue_count(self->waiting) + (self->question != NULL);
}
