#include "cached/archive/warm_up.h"

#include <stdlib.h>

#include "common/array.h"
#include "common/log.h"
#include "proto/record.h"
#include "proto/topic.h"

enum {
    NEWEST_TRADES = 20000, /* read in the first round, of all streams together, about … */
    NEWEST_LEAST = 20,     /* … but of each one at least so many */
    PIECE = 2000           /* trades appended at one time in the second round: others wait for so long */
};

typedef struct {
    stored_place_t *stored_place;
    cursor_t edge; /* where its newest trades begin in the catalog; {0, 0}: it is full */
} warm_up_stream_t;

struct warm_up {
    store_writer_t *writer;
    const warm_up_events_t *events;
    void *arg;
    warm_up_stream_t *streams;
    size_t count, room;
    size_t newest; /* streams that the first round has been through */
    size_t at;     /* and the second */
    size_t full;
    memory_log_t *memory_log; /* what the present stream has got */
    kept_topic_t topic;
    store_query_t query; /* the piece that is being read; its topic is the one above */
    trade_batch_t *read; /* … into this: the thread's while the writer is at work … */
    trade_batch_t *here; /* … and the one before it, being appended */
    bool more;           /* the read stopped because no more bytes fit into the batch */
    uint64_t trades;
    void (*stepped)(void *arg, store_result_t result);
    void *stepped_arg;
};

static const cursor_t none = {0, 0};

warm_up_t *warm_up_new(store_writer_t *writer, const warm_up_events_t *events, void *arg)
{
    warm_up_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->writer = writer;
    self->events = events;
    self->arg = arg;
    self->read = trade_batch_new();
    self->here = trade_batch_new();
    if (!self->read || !self->here)
        warm_up_destroy(&self);
    return self;
}

void warm_up_destroy(warm_up_t **self_p)
{
    warm_up_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    memory_log_destroy(&self->memory_log);
    trade_batch_destroy(&self->read);
    trade_batch_destroy(&self->here);
    free(self->streams);
    free(self);
}

bool warm_up_add(warm_up_t *self, stored_place_t *stored_place)
{
    if (!ARRAY_RESERVE(&self->streams, &self->room, self->count + 1, ARRAY_UNBOUNDED))
        return false;
    self->streams[self->count++] = (warm_up_stream_t){.stored_place = stored_place};
    return true;
}

/* --- on the thread --- */

static bool on_stored(void *arg, const store_trade_t *trade)
{
    warm_up_t *self = arg;
    self->more = !trade_batch_add(self->read, trade);
    return !self->more;
}

static store_result_t read_piece(void *arg, const store_kind_t *kind, void *store, char *error)
{
    warm_up_t *self = arg;
    self->more = false;
    trade_batch_clear(self->read);
    return kind->read.range(store, &self->query, on_stored, self, error);
}

/* --- on the loop --- */

/* Where the newest trades begin that the memory log may hold. Within the place's epoch seqs tell it; where the memory log
 * has room for all that is stored, older epochs are read, too. */
static cursor_t begin_of(const stored_place_t *stored_place)
{
    uint64_t limit = memory_log_limit(stored_place->memory_log);
    if (stored_place->place.seq > limit)
        return (cursor_t){stored_place->place.epoch, stored_place->place.seq - limit + 1};
    return stored_place->trades > limit ? (cursor_t){stored_place->place.epoch, 1} : none;
}

static bool begin(warm_up_t *self, const stored_place_t *stored_place)
{
    KEEP_TEXT(&self->topic, memory_log_topic(stored_place->memory_log));
    self->query = (store_query_t){
        .topic = KEPT_TEXT(&self->topic),
        .from = begin_of(stored_place),
        .after_ns = INT64_MIN,
        .before_ns = INT64_MAX,
    };
    self->memory_log = memory_log_new_like(stored_place->memory_log);
    trade_batch_clear(self->here);
    return self->memory_log != NULL;
}

static void append(warm_up_t *self, const store_trade_t *stored)
{
    trade_t trade;
    if (record_parse(stored->json, &trade)) /* always so, as long as nobody else writes into the store */
        self->events->on_trade(self->arg, self->memory_log, &trade, stored->json);
    self->trades++;
}

static void fill_up(warm_up_t *self)
{
    self->full++;
    if (self->full == self->count)
        self->events->on_full(self->arg);
}

/* --- the first round --- */

static uint64_t newest_of_each(const warm_up_t *self)
{
    uint64_t each = NEWEST_TRADES / self->count;
    return each < NEWEST_LEAST ? NEWEST_LEAST : each > TRADE_BATCH_TRADES ? TRADE_BATCH_TRADES : each;
}

/* The stream is followed from now on. more: there are older trades that fit in. */
static void show_newest(warm_up_t *self, cursor_t place, bool more)
{
    warm_up_stream_t *stream = &self->streams[self->newest++];
    memory_log_t *memory_log = stream->stored_place->memory_log;
    if (self->memory_log) {
        memory_log_skip(self->memory_log, place);
        memory_log_take(memory_log, &self->memory_log);
    }
    if (more) {
        stream->edge = memory_log_edge(memory_log);
        candles_expect_older(memory_log_candles(memory_log));
    }
    self->events->on_warmed_up(self->arg, memory_log_topic(memory_log), memory_log_known(memory_log));
    if (!more)
        fill_up(self);
}

static void on_newest(void *arg, store_result_t result)
{
    warm_up_t *self = arg;
    if (result == STORE_OK && self->stepped) {
        const trade_batch_t *batch = self->read;
        for (size_t i = batch->count; i > 0; i--)
            append(self, &batch->trades[i - 1]);
        bool more = (self->more || batch->count == self->query.limit) &&
                    memory_log_count(self->memory_log) < memory_log_limit(self->memory_log);
        show_newest(self, self->query.to, more);
    }
    if (self->stepped)
        self->stepped(self->stepped_arg, result);
}

static bool read_newest(warm_up_t *self)
{
    const stored_place_t *stored_place = self->streams[self->newest].stored_place;
    if (!begin(self, stored_place))
        return false;
    self->query.to = stored_place->place;
    self->query.order = STORE_NEWEST_FIRST;
    self->query.limit = newest_of_each(self);
    store_writer_look(self->writer, read_piece, on_newest, self);
    return true;
}

/* --- the second --- */

/* What was dropped since, because of its age or because there is enough now, is not put before what is left: it would not be whole. And what
 * was cleared meanwhile is forgotten. */
static void show_older(warm_up_t *self)
{
    const warm_up_stream_t *stream = &self->streams[self->at++];
    memory_log_t *memory_log = stream->stored_place->memory_log;
    bool ok = true;
    if (candles_older_to_come(memory_log_candles(memory_log))) {
        if (cursor_compare(memory_log_edge(memory_log), stream->edge) == 0)
            ok = memory_log_take_older(memory_log, &self->memory_log);
        else
            ok = memory_log_add_past(memory_log, memory_log_candles(self->memory_log), memory_log_coverage(self->memory_log));
    }
    memory_log_destroy(&self->memory_log);
    if (!ok)
        log_error("cached: out of memory for the stored trades", LOG_SLICE("topic", memory_log_topic(memory_log)));
    fill_up(self);
}

static void on_older(void *arg, store_result_t result);

static void read_on(warm_up_t *self)
{
    if (self->here->count > 0)
        self->query.from = cursor_behind(self->here->trades[self->here->count - 1].cursor);
    store_writer_look(self->writer, read_piece, on_older, self);
}

static void on_older(void *arg, store_result_t result)
{
    warm_up_t *self = arg;
    if (result == STORE_OK && self->stepped) {
        trade_batch_t *read = self->read;
        self->read = self->here;
        self->here = read;
        bool more = self->more || read->count == self->query.limit;
        if (more)
            read_on(self);
        for (size_t i = 0; i < read->count; i++)
            append(self, &read->trades[i]);
        if (more)
            return;
        show_older(self);
    }
    if (self->stepped)
        self->stepped(self->stepped_arg, result);
}

static bool read_older(warm_up_t *self)
{
    const warm_up_stream_t *stream = &self->streams[self->at];
    if (!begin(self, stream->stored_place))
        return false;
    self->query.to = cursor_before(stream->edge);
    self->query.order = STORE_OLDEST_FIRST;
    self->query.limit = PIECE;
    read_on(self);
    return true;
}

/* --- both --- */

bool warm_up_step(warm_up_t *self, void (*stepped)(void *arg, store_result_t result), void *arg)
{
    while (warm_up_serves(self) && self->at < self->count && cursor_compare(self->streams[self->at].edge, none) == 0)
        self->at++;
    if (self->at == self->count)
        return false;
    self->stepped = stepped;
    self->stepped_arg = arg;
    if (warm_up_serves(self) ? read_older(self) : read_newest(self))
        return true;
    warm_up_abort(self);
    return false;
}

void warm_up_abort(warm_up_t *self)
{
    while (!warm_up_serves(self))
        show_newest(self, none, false);
    memory_log_destroy(&self->memory_log);
    self->at = self->count;
    if (self->full == self->count)
        return;
    self->full = self->count;
    self->events->on_full(self->arg);
}

void warm_up_stop(warm_up_t *self)
{
    self->stepped = NULL;
}

bool warm_up_serves(const warm_up_t *self)
{
    return self->newest == self->count;
}

size_t warm_up_total(const warm_up_t *self)
{
    return self->count;
}

size_t warm_up_done(const warm_up_t *self)
{
    return self->full;
}

uint64_t warm_up_trades(const warm_up_t *self)
{
    return self->trades;
}
