#include "cached/answers/forget.h"

#include <assert.h>

typedef enum { STREAM_CLEARED, STREAM_WAITS, STREAM_REFUSED, STREAM_NONE } step_t;

static void proceed(forgetting_t *self);

/* The symbol whose turn it is. Symbols and streams that come meanwhile can only make one have its turn twice. */
static bool next_symbol(const forgetting_t *self, size_t *at, shelf_symbol_t *found)
{
    if (self->symbol_length == 0)
        return shelf_next(self->shelf, at, found);
    return (*at)++ == 0 && shelf_symbol(self->shelf, (text_t){self->symbol, self->symbol_length}, found);
}

static tape_t *next_tape(forgetting_t *self)
{
    shelf_symbol_t found;
    for (size_t at = self->at; next_symbol(self, &at, &found); self->at = at, self->stream = 0)
        if (self->stream < found.tape_count)
            return found.tapes[self->stream++];
    return NULL;
}

static void on_cleared(void *arg, store_result_t result, uint64_t cleared)
{
    forgetting_t *self = arg;
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
static step_t clear_stream(forgetting_t *self, tape_t *tape)
{
    text_t topic = tape_topic(tape);
    if (!self->archive) {
        self->cleared += tape_count(tape);
        tape_clear(tape);
        return STREAM_CLEARED;
    }
    uint64_t unstored = tape_end(tape) - tape_find(tape, cursor_behind(archive_place(self->archive, topic)));
    self->clearing = archive_stored(self->archive, topic) + unstored;
    if (!archive_clear(self->archive, topic, on_cleared, self))
        return STREAM_REFUSED;
    tape_clear(tape);
    return STREAM_WAITS;
}

static void proceed(forgetting_t *self)
{
    step_t step = STREAM_CLEARED;
    while (step == STREAM_CLEARED) {
        tape_t *tape = next_tape(self);
        step = tape ? clear_stream(self, tape) : STREAM_NONE;
    }
    if (step == STREAM_WAITS)
        return;
    self->busy = false;
    self->done(self->arg, step == STREAM_NONE, self->cleared);
}

void forget_start(forgetting_t *self, text_t symbol, forgotten_fn *done, void *arg)
{
    assert(!self->busy && symbol.length <= sizeof self->symbol);
    self->busy = true;
    self->done = done;
    self->arg = arg;
    self->symbol_length = symbol.length;
    memcpy(self->symbol, symbol.at, symbol.length);
    self->at = self->stream = 0;
    self->cleared = self->clearing = 0;
    proceed(self);
}
