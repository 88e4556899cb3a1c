#include "cached/answers/clear_history.h"

#include <assert.h>

typedef enum { STREAM_CLEARED, STREAM_WAITS, STREAM_REFUSED, STREAM_NONE } clear_step_t;

static void proceed(clear_history_t *self);

/* The symbol, and then its coverage. */
static bool next_of_one(const clear_history_t *self, size_t at, catalog_symbol_t *found)
{
    char subject[SUBJECT_MAX];
    text_t symbol = KEPT_TEXT(&self->symbol);
    if (at == 0)
        return catalog_symbol(self->catalog, symbol, found);
    return at == 1 && subject_is_symbol(symbol) &&
           catalog_symbol(self->catalog, (text_t){subject, subject_print(subject, TEXT(CHANNEL_COVERAGE), symbol)}, found);
}

/* The symbol whose turn it is. Symbols and streams that come meanwhile can only make one have its turn twice. */
static bool next_symbol(const clear_history_t *self, size_t *at, catalog_symbol_t *found)
{
    if (self->symbol.length == 0)
        return catalog_next(self->catalog, at, found);
    return next_of_one(self, (*at)++, found);
}

static memory_log_t *next_memory_log(clear_history_t *self)
{
    catalog_symbol_t found;
    for (size_t at = self->at; next_symbol(self, &at, &found); self->at = at, self->stream = 0)
        if (self->stream < found.memory_log_count)
            return found.memory_logs[self->stream++];
    return NULL;
}

static void on_cleared(void *arg, store_result_t result, uint64_t cleared)
{
    clear_history_t *self = arg;
    (void)cleared; /* what was under way to the store is in none of both then */
    if (result == STORE_OK) {
        self->cleared += self->clearing;
        proceed(self);
        return;
    }
    self->busy = false;
    self->done(self->arg, false, self->cleared);
}

/* Memory goes behind the store: while the store still has them, its trades are no older ones to be fetched. */
static clear_step_t clear_stream(clear_history_t *self, memory_log_t *memory_log)
{
    text_t topic = memory_log_topic(memory_log);
    bool trades = !memory_log_coverage(memory_log); /* what was said of them is not counted */
    if (!self->write_behind) {
        self->cleared += trades ? memory_log_count(memory_log) : 0;
        memory_log_clear(memory_log);
        return STREAM_CLEARED;
    }
    uint64_t unstored =
        memory_log_end(memory_log) - memory_log_find(memory_log, cursor_behind(write_behind_place(self->write_behind, topic)));
    self->clearing = trades ? write_behind_stored(self->write_behind, topic) + unstored : 0;
    if (!write_behind_clear(self->write_behind, topic, on_cleared, self))
        return STREAM_REFUSED;
    memory_log_clear(memory_log);
    return STREAM_WAITS;
}

static void proceed(clear_history_t *self)
{
    clear_step_t step = STREAM_CLEARED;
    while (step == STREAM_CLEARED) {
        memory_log_t *memory_log = next_memory_log(self);
        step = memory_log ? clear_stream(self, memory_log) : STREAM_NONE;
    }
    if (step == STREAM_WAITS)
        return;
    self->busy = false;
    self->done(self->arg, step == STREAM_NONE, self->cleared);
}

void clear_history_start(clear_history_t *self, text_t symbol, clear_history_fn *done, void *arg)
{
    assert(!self->busy);
    self->busy = true;
    self->done = done;
    self->arg = arg;
    KEEP_TEXT(&self->symbol, symbol);
    self->at = self->stream = 0;
    self->cleared = self->clearing = 0;
    proceed(self);
}
