#include "cached/answers/page_queue.h"

#include <stdlib.h>

#include "cached/answers/fair_queue.h"
#include "cached/answers/page_request.h"

struct page_queue {
    page_queue_config_t config;
    fair_queue_t *waiting;
    question_t *question; /* the one whose answer is being made */
    request_t request;
    page_printer_t page;
    buffer_t answer;
};

static void proceed(page_queue_t *self);

static void end(page_queue_t *self)
{
    question_t *question = self->question;
    self->question = NULL;
    self->config.on_answer(self->config.arg, question, &self->request, &self->answer);
    free(question);
}

/* What was looked for is there, or the store failed. */
static void take_chunk(page_queue_t *self, size_t stream)
{
    const chunk_t *chunk = store_reader_chunk(self->config.reader, stream);
    cursor_t stored = {UINT64_MAX, UINT64_MAX}, floor;
    text_t topic = chunk_query(chunk)->topic;
    if (self->config.write_behind)
        stored = write_behind_place(self->config.write_behind, topic);
    page_printer_give(&self->page, stream, chunk, stored);
    memory_log_t *memory_log = catalog_find(self->config.catalog, topic);
    if (memory_log && page_printer_floor(&self->page, stream, &floor))
        memory_log_set_floor(memory_log, floor);
}

static void on_looked(void *arg)
{
    page_queue_t *self = arg;
    const page_printer_t *page = &self->page;
    for (size_t i = page_printer_lacking(page, 0); i < page_printer_streams(page); i = page_printer_lacking(page, i + 1))
        take_chunk(self, i);
    proceed(self);
}

/* Asks the store for all that the page lacks. False when memory runs out. */
static bool read_store(page_queue_t *self)
{
    page_printer_t *page = &self->page;
    for (size_t i = page_printer_lacking(page, 0); i < page_printer_streams(page); i = page_printer_lacking(page, i + 1)) {
        store_query_t query = page_printer_wants(page, i);
        if (!store_reader_want(self->config.reader, i, &query))
            return false;
    }
    store_reader_start(self->config.reader, on_looked, self);
    return true;
}

/* The next question that waits: false when there is none, or when it has its answer already. */
static bool begin(page_queue_t *self)
{
    buffer_clear(&self->answer);
    self->question = fair_queue_pop(self->waiting);
    if (!self->question)
        return false;
    request_parse(self->question->request, &self->request, &self->answer); /* it was parsed before: it is valid */
    if (page_request_begin(self->config.catalog, &self->request, true, &self->page, &self->answer))
        return true;
    end(self);
    return false;
}

/* Goes on with the question whose turn it is until the store has to be read. */
static void proceed(page_queue_t *self)
{
    if (store_reader_busy(self->config.reader))
        return;
    while (self->question || fair_queue_count(self->waiting) > 0) {
        if (!self->question && !begin(self))
            continue;
        if (!page_printer_print(&self->page, self->config.answer_bytes, &self->answer)) {
            if (read_store(self))
                return;
            answer_error(&self->answer, &self->request, ERROR_INTERNAL, "out of memory: ask for less");
        }
        end(self);
    }
}

page_queue_t *page_queue_new(const page_queue_config_t *config)
{
    page_queue_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->page.rebuild = config->rebuild;
    self->answer = buffer_new(config->answer_bytes);
    self->waiting = fair_queue_new(PAGE_QUEUE_WAITING_MAX);
    if (!self->waiting)
        page_queue_destroy(&self);
    return self;
}

void page_queue_destroy(page_queue_t **self)
{
    page_queue_t *page_queue = *self;
    if (!page_queue)
        return;
    fair_queue_destroy(&page_queue->waiting);
    free(page_queue->question);
    buffer_release(&page_queue->answer);
    free(page_queue);
    *self = NULL;
}

/* One that waited gives its place to a peer that has fewer. */
static void refuse(page_queue_t *self, question_t *question)
{
    request_t request;
    buffer_t answer = buffer_new(0);
    request_parse(question->request, &request, &answer);
    answer_error(&answer, &request, ERROR_UNAVAILABLE, "too many requests at once: try again later");
    self->config.on_answer(self->config.arg, question, &request, &answer);
    buffer_release(&answer);
    free(question);
}

bool page_queue_ask(page_queue_t *self, const question_t *question)
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

size_t page_queue_waiting(const page_queue_t *self)
{
    return fair_queue_count(self->waiting) + (self->question != NULL);
}
