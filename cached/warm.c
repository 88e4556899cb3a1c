#include "cached/warm.h"

#include <stdlib.h>

#include "proto/topic.h"

struct warm {
    writer_t *writer;
    const archive_events_t *events;
    void *arg;
    holding_t **streams;
    size_t count, slots;
    size_t at;    /* the stream that is being filled */
    tape_t *tape; /* what it has got; NULL: not begun */
    char topic[TOPIC_MAX];
    store_query_t query; /* the piece that is being read; its topic is the one above */
    parcel_t *read;      /* … into this: the thread's while the writer is at work … */
    parcel_t *here;      /* … and the one before it, being appended */
    bool more;           /* the read stopped because no more bytes fit into the parcel */
    uint64_t trades;
    void (*stepped)(void *arg, store_result_t result);
    void *stepped_arg;
};

warm_t *warm_new(writer_t *writer, const archive_events_t *events, void *arg)
{
    warm_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->writer = writer;
    self->events = events;
    self->arg = arg;
    self->read = parcel_new();
    self->here = parcel_new();
    if (!self->read || !self->here)
        warm_destroy(&self);
    return self;
}

void warm_destroy(warm_t **self_p)
{
    warm_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    tape_destroy(&self->tape);
    parcel_destroy(&self->read);
    parcel_destroy(&self->here);
    free(self->streams);
    free(self);
}

bool warm_add(warm_t *self, holding_t *holding)
{
    if (self->count == self->slots) {
        size_t slots = self->slots ? self->slots * 2 : 64;
        holding_t **streams = realloc(self->streams, slots * sizeof *streams);
        if (!streams)
            return false;
        self->streams = streams;
        self->slots = slots;
    }
    self->streams[self->count++] = holding;
    return true;
}

static bool on_stored(void *arg, const store_trade_t *trade)
{
    warm_t *self = arg;
    self->more = !parcel_add(self->read, trade);
    return !self->more;
}

static store_result_t read_piece(void *arg, const store_kind_t *kind, void *store, char *error)
{
    warm_t *self = arg;
    self->more = false;
    parcel_clear(self->read);
    return kind->range(store, &self->query, on_stored, self, error);
}

/* Where the newest trades begin that the tape may hold. Within the place's epoch seqs tell it; where the tape has room for all that is
 * stored, older epochs are read, too. */
static cursor_t begin_of(const holding_t *holding)
{
    uint64_t limit = tape_limit(holding->tape);
    if (holding->place.seq > limit)
        return (cursor_t){holding->place.epoch, holding->place.seq - limit + 1};
    return holding->trades > limit ? (cursor_t){holding->place.epoch, 1} : (cursor_t){0, 0};
}

static bool begin(warm_t *self)
{
    const holding_t *holding = self->streams[self->at];
    text_t topic = tape_topic(holding->tape);
    memcpy(self->topic, topic.at, topic.length);
    self->query = (store_query_t){
        .topic = {self->topic, topic.length},
        .from = begin_of(holding),
        .to = holding->place,
        .after_ns = INT64_MIN,
        .before_ns = INT64_MAX,
        .order = STORE_OLDEST_FIRST,
        .limit = PARCEL_TRADES,
    };
    self->tape = tape_new_like(holding->tape);
    return self->tape != NULL;
}

static void append(warm_t *self)
{
    for (size_t i = 0; i < self->here->count; i++) {
        text_t json = self->here->trades[i].json;
        trade_t trade;
        if (trade_parse(json, &trade)) /* always so, as long as nobody else writes into the store */
            self->events->on_trade(self->arg, self->tape, &trade, json);
    }
    self->trades += self->here->count;
}

/* Whatever was read is on the shelf now. */
static void show(warm_t *self, cursor_t place)
{
    holding_t *holding = self->streams[self->at++];
    if (self->tape) {
        tape_skip(self->tape, place);
        tape_take(holding->tape, &self->tape);
    }
    self->events->on_warm(self->arg, tape_topic(holding->tape), tape_known(holding->tape));
}

static void on_read(void *arg, store_result_t result);

static void read_on(warm_t *self)
{
    if (self->here->count > 0) {
        cursor_t last = self->here->trades[self->here->count - 1].cursor;
        self->query.from = (cursor_t){last.epoch, last.seq + 1};
    }
    writer_look(self->writer, read_piece, on_read, self);
}

static void on_read(void *arg, store_result_t result)
{
    warm_t *self = arg;
    if (result == STORE_OK && self->stepped) {
        parcel_t *full = self->read;
        self->read = self->here;
        self->here = full;
        bool more = self->more || self->here->count == PARCEL_TRADES;
        if (more)
            read_on(self);
        append(self);
        if (more)
            return;
        show(self, self->streams[self->at]->place);
    }
    if (self->stepped)
        self->stepped(self->stepped_arg, result);
}

bool warm_step(warm_t *self, void (*stepped)(void *arg, store_result_t result), void *arg)
{
    if (self->at == self->count)
        return false;
    if (!begin(self)) {
        warm_abort(self);
        return false;
    }
    self->stepped = stepped;
    self->stepped_arg = arg;
    parcel_clear(self->here);
    read_on(self);
    return true;
}

void warm_abort(warm_t *self)
{
    while (self->at < self->count)
        show(self, (cursor_t){0, 0});
}

void warm_stop(warm_t *self)
{
    self->stepped = NULL;
}

size_t warm_total(const warm_t *self)
{
    return self->count;
}

size_t warm_done(const warm_t *self)
{
    return self->at;
}

uint64_t warm_trades(const warm_t *self)
{
    return self->trades;
}
