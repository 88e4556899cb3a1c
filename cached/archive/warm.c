#include "cached/archive/warm.h"

#include <stdlib.h>

#include "common/log.h"
#include "proto/topic.h"

enum {
    NEWEST_TRADES = 20000, /* read in the first round, of all streams together, about … */
    NEWEST_LEAST = 20,     /* … but of each one at least so many */
    PIECE = 2000           /* trades appended at one time in the second round: others wait for so long */
};

typedef struct {
    holding_t *holding;
    cursor_t edge; /* where its newest trades begin on the shelf; {0, 0}: it is full */
} stream_t;

struct warm {
    writer_t *writer;
    const archive_events_t *events;
    void *arg;
    stream_t *streams;
    size_t count, slots;
    size_t newest; /* streams that the first round has been through */
    size_t at;     /* and the second */
    size_t full;
    tape_t *tape; /* what the present stream has got */
    char topic[TOPIC_MAX];
    store_query_t query; /* the piece that is being read; its topic is the one above */
    parcel_t *read;      /* … into this: the thread's while the writer is at work … */
    parcel_t *here;      /* … and the one before it, being appended */
    bool more;           /* the read stopped because no more bytes fit into the parcel */
    uint64_t trades;
    void (*stepped)(void *arg, store_result_t result);
    void *stepped_arg;
};

static const cursor_t none = {0, 0};

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
        stream_t *streams = realloc(self->streams, slots * sizeof *streams);
        if (!streams)
            return false;
        self->streams = streams;
        self->slots = slots;
    }
    self->streams[self->count++] = (stream_t){.holding = holding};
    return true;
}

/* --- on the thread --- */

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

/* --- on the loop --- */

/* Where the newest trades begin that the tape may hold. Within the place's epoch seqs tell it; where the tape has room for all that is
 * stored, older epochs are read, too. */
static cursor_t begin_of(const holding_t *holding)
{
    uint64_t limit = tape_limit(holding->tape);
    if (holding->place.seq > limit)
        return (cursor_t){holding->place.epoch, holding->place.seq - limit + 1};
    return holding->trades > limit ? (cursor_t){holding->place.epoch, 1} : none;
}

static bool begin(warm_t *self, const holding_t *holding)
{
    text_t topic = tape_topic(holding->tape);
    memcpy(self->topic, topic.at, topic.length);
    self->query = (store_query_t){
        .topic = {self->topic, topic.length},
        .from = begin_of(holding),
        .after_ns = INT64_MIN,
        .before_ns = INT64_MAX,
    };
    self->tape = tape_new_like(holding->tape);
    parcel_clear(self->here);
    return self->tape != NULL;
}

static void append(warm_t *self, const store_trade_t *stored)
{
    trade_t trade;
    if (trade_parse(stored->json, &trade)) /* always so, as long as nobody else writes into the store */
        self->events->on_trade(self->arg, self->tape, &trade, stored->json);
    self->trades++;
}

static void fill_up(warm_t *self)
{
    self->full++;
    if (self->full == self->count)
        self->events->on_full(self->arg);
}

/* --- the first round --- */

static uint64_t newest_of_each(const warm_t *self)
{
    uint64_t each = NEWEST_TRADES / self->count;
    return each < NEWEST_LEAST ? NEWEST_LEAST : each > PARCEL_TRADES ? PARCEL_TRADES : each;
}

/* The stream is followed from now on. more: there are older trades that fit in. */
static void show_newest(warm_t *self, cursor_t place, bool more)
{
    stream_t *stream = &self->streams[self->newest++];
    tape_t *tape = stream->holding->tape;
    if (self->tape) {
        tape_skip(self->tape, place);
        tape_take(tape, &self->tape);
    }
    if (more) {
        stream->edge = tape_edge(tape);
        candles_expect_older(tape_candles(tape));
    }
    self->events->on_warm(self->arg, tape_topic(tape), tape_known(tape));
    if (!more)
        fill_up(self);
}

static void on_newest(void *arg, store_result_t result)
{
    warm_t *self = arg;
    if (result == STORE_OK && self->stepped) {
        const parcel_t *parcel = self->read;
        for (size_t i = parcel->count; i > 0; i--)
            append(self, &parcel->trades[i - 1]);
        bool more = (self->more || parcel->count == self->query.limit) && tape_count(self->tape) < tape_limit(self->tape);
        show_newest(self, self->query.to, more);
    }
    if (self->stepped)
        self->stepped(self->stepped_arg, result);
}

static bool read_newest(warm_t *self)
{
    const holding_t *holding = self->streams[self->newest].holding;
    if (!begin(self, holding))
        return false;
    self->query.to = holding->place;
    self->query.order = STORE_NEWEST_FIRST;
    self->query.limit = newest_of_each(self);
    writer_look(self->writer, read_piece, on_newest, self);
    return true;
}

/* --- the second --- */

/* What was dropped since, because of its age or because there is enough now, is not put before what is left: it would not be whole. And what
 * was cleared meanwhile is forgotten. */
static void show_older(warm_t *self)
{
    const stream_t *stream = &self->streams[self->at++];
    tape_t *tape = stream->holding->tape;
    bool ok = true;
    if (candles_older_to_come(tape_candles(tape))) {
        if (cursor_compare(tape_edge(tape), stream->edge) == 0)
            ok = tape_take_older(tape, &self->tape);
        else
            ok = candles_merge(tape_candles(tape), tape_candles(self->tape));
    }
    tape_destroy(&self->tape);
    if (!ok)
        log_error("cached: no memory for all that is stored", LOG_SLICE("topic", tape_topic(tape)));
    fill_up(self);
}

static void on_older(void *arg, store_result_t result);

static void read_on(warm_t *self)
{
    if (self->here->count > 0)
        self->query.from = cursor_behind(self->here->trades[self->here->count - 1].cursor);
    writer_look(self->writer, read_piece, on_older, self);
}

static void on_older(void *arg, store_result_t result)
{
    warm_t *self = arg;
    if (result == STORE_OK && self->stepped) {
        parcel_t *read = self->read;
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

static bool read_older(warm_t *self)
{
    const stream_t *stream = &self->streams[self->at];
    if (!begin(self, stream->holding))
        return false;
    self->query.to = cursor_before(stream->edge);
    self->query.order = STORE_OLDEST_FIRST;
    self->query.limit = PIECE;
    read_on(self);
    return true;
}

/* --- both --- */

bool warm_step(warm_t *self, void (*stepped)(void *arg, store_result_t result), void *arg)
{
    while (warm_serves(self) && self->at < self->count && cursor_compare(self->streams[self->at].edge, none) == 0)
        self->at++;
    if (self->at == self->count)
        return false;
    self->stepped = stepped;
    self->stepped_arg = arg;
    if (warm_serves(self) ? read_older(self) : read_newest(self))
        return true;
    warm_abort(self);
    return false;
}

void warm_abort(warm_t *self)
{
    while (!warm_serves(self))
        show_newest(self, none, false);
    tape_destroy(&self->tape);
    self->at = self->count;
    if (self->full == self->count)
        return;
    self->full = self->count;
    self->events->on_full(self->arg);
}

void warm_stop(warm_t *self)
{
    self->stepped = NULL;
}

bool warm_serves(const warm_t *self)
{
    return self->newest == self->count;
}

size_t warm_total(const warm_t *self)
{
    return self->count;
}

size_t warm_done(const warm_t *self)
{
    return self->full;
}

uint64_t warm_trades(const warm_t *self)
{
    return self->trades;
}
