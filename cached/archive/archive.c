#include "cached/archive/archive.h"

#include <stdlib.h>

#include "cached/archive/clearing.h"
#include "cached/archive/holding.h"
#include "cached/archive/packer.h"
#include "cached/archive/refetch.h"
#include "cached/archive/stock.h"
#include "cached/archive/sweep.h"
#include "cached/archive/warm.h"
#include "cached/archive/writer.h"
#include "common/clock.h"
#include "common/log.h"
#include "proto/topic.h"

enum {
    TICK_MS = 20,       /* what came in that time is stored together */
    PATIENCE_MS = 2000, /* for a store that is away at the start; then streams are followed without it */
    MARK_MS = 500,      /* how exact lag_ns is while the store is away */
    RENEW_MS = 2000,    /* how long what others do to the store (an import, another replica) may stay unnoticed */
};

/* What the thread is to do with one stream. */
typedef struct {
    char topic[TOPIC_MAX];
    size_t topic_length;
    cursor_t upto;
    const parcel_t *parcel;
} order_t;

struct archive {
    shelf_t *shelf;
    const archive_events_t *events;
    void *arg;
    writer_t *writer;
    loop_timer_t *tick;
    holdings_t *holdings;
    stock_t stock; /* the thread's while it is loaded */
    bool loaded;   /* the places are what the store said */
    bool opened;   /* on_open was called */
    bool ending;   /* nothing new is begun */
    int64_t patient_until_ns, marked_ns, renew_ns;
    warm_t *warm;
    bool warmed; /* the last step filled memory, and others come first now */
    refetch_t *refetch;
    sweep_t *sweep;
    bool swept;      /* the last step was the sweep's: storing comes first now */
    packer_t packer; /* its parcel is the thread's while it is stored */
    order_t order;   /* the thread's while it is carried out */
    clearing_t *clearing;
    uint64_t batches, stored, lost;
};

static void pump(archive_t *self);

static void open_up(archive_t *self)
{
    if (self->opened)
        return;
    self->opened = true;
    self->events->on_open(self->arg);
}

/* What is stored is not known any more: it is asked again when the store is back. */
static void on_failure(archive_t *self, store_result_t result)
{
    self->loaded = false;
    refetch_drop(self->refetch);
    clearing_fail(self->clearing, result);
    if (self->opened)
        warm_abort(self->warm);
    else if (result == STORE_REFUSED)
        open_up(self);
}

/* Places may have gone back: somebody else may have put another store in this one's place. And where the store had nothing, an import may
 * have put something. */
static void take_stock(archive_t *self)
{
    self->renew_ns = clock_mono_ns() + RENEW_MS * NS_PER_MS;
    for (size_t i = 0; i < holdings_count(self->holdings); i++) {
        holding_t *holding = holdings_at(self->holdings, i);
        holding->place = (cursor_t){0, 0};
        holding->trades = 0;
        tape_set_floor(holding->tape, (cursor_t){0, 0});
    }
    for (size_t i = 0; i < stock_count(&self->stock); i++) {
        stock_stream_t stream = stock_at(&self->stock, i);
        tape_t *tape = shelf_tape(self->shelf, (text_t){stream.topic, stream.topic_length});
        holding_t *holding = tape ? holdings_add(self->holdings, tape) : NULL;
        if (!holding)
            continue; /* more than memory may hold: whoever asks for it is told */
        holding->place = stream.place;
        holding->trades = stream.trades;
        if (!self->opened && warm_add(self->warm, holding))
            self->events->on_found(self->arg, tape_topic(tape));
    }
}

static store_result_t load_job(void *arg, const store_kind_t *kind, void *store, char *error)
{
    return stock_load(&((archive_t *)arg)->stock, kind, store, error);
}

static void on_loaded(void *arg, store_result_t result)
{
    archive_t *self = arg;
    if (result != STORE_OK) {
        on_failure(self, result);
        return;
    }
    take_stock(self);
    self->loaded = true;
    open_up(self);
    pump(self);
}

static void on_stepped(void *arg, store_result_t result)
{
    archive_t *self = arg;
    if (result != STORE_OK)
        on_failure(self, result);
    pump(self);
}

static order_t order_for(text_t topic, cursor_t upto)
{
    order_t order = {.topic_length = topic.length, .upto = upto};
    memcpy(order.topic, topic.at, topic.length);
    return order;
}

static store_result_t page_job(void *arg, const store_kind_t *kind, void *store, char *error)
{
    const order_t *order = &((archive_t *)arg)->order;
    const parcel_t *parcel = order->parcel;
    store_result_t result = STORE_OK;
    if (parcel->count > 0)
        result = kind->append(store, parcel->trades, parcel->count, error);
    if (result != STORE_OK)
        return result;
    return kind->skip(store, (text_t){order->topic, order->topic_length}, order->upto, error);
}

static void tell_lost(archive_t *self, const refetch_page_t *page)
{
    static log_limit_t limit;
    char upto[CURSOR_MAX];
    text_t upto_text = {upto, cursor_print(upto, page->upto)};
    if (page->missing == 0 || page->holding->place.epoch == 0)
        return; /* before the store's first trade nothing is missing */
    self->lost += page->missing;
    if (log_allowed(&limit, clock_mono_ns()))
        log_error("store: trades have left the journal before they could be stored",
                  LOG_SLICE("topic", tape_topic(page->holding->tape)), LOG_U64("trades", page->missing),
                  LOG_SLICE("upto", upto_text), LOG_U64("suppressed", log_suppressed(&limit)));
}

static void count_batch(archive_t *self, size_t trades)
{
    self->batches++;
    self->stored += trades;
}

static void on_page_stored(void *arg, store_result_t result)
{
    archive_t *self = arg;
    const refetch_page_t *page = refetch_page(self->refetch);
    if (result != STORE_OK) {
        on_failure(self, result);
    } else {
        count_batch(self, page->parcel->count);
        tell_lost(self, page);
        page->holding->trades += page->parcel->count;
        holding_move(page->holding, page->upto);
        refetch_stored(self->refetch);
    }
    pump(self);
}

static bool run_page(archive_t *self)
{
    const refetch_page_t *page = refetch_page(self->refetch);
    if (!page)
        return false;
    self->order = order_for(tape_topic(page->holding->tape), page->upto);
    self->order.parcel = page->parcel;
    writer_run(self->writer, page_job, on_page_stored, self);
    return true;
}

static void on_hole(void *arg, holding_t *holding, const holding_next_t *next)
{
    archive_t *self = arg;
    if (refetch_busy(self->refetch) || clock_mono_ns() < holding->retry_ns || self->ending)
        return;
    requester_t *replay = self->events->replay(self->arg, tape_topic(holding->tape));
    refetch_begin(self->refetch, holding, next->from, next->to, replay);
}

static store_result_t batch_job(void *arg, const store_kind_t *kind, void *store, char *error)
{
    const archive_t *self = arg;
    return kind->append(store, self->packer.parcel->trades, self->packer.parcel->count, error);
}

static void on_batch_stored(void *arg, store_result_t result)
{
    archive_t *self = arg;
    if (result != STORE_OK) {
        on_failure(self, result);
        return;
    }
    packer_stored(&self->packer);
    count_batch(self, self->packer.parcel->count);
    if (self->packer.full)
        pump(self); /* else the tick does */
}

static bool run_batch(archive_t *self)
{
    if (!packer_pack(&self->packer, clock_mono_ns(), on_hole, self))
        return false;
    writer_run(self->writer, batch_job, on_batch_stored, self);
    return true;
}

static bool run_sweep(archive_t *self)
{
    self->swept = !self->swept && sweep_step(self->sweep, on_stepped, self);
    return self->swept;
}

static bool run_warm(archive_t *self)
{
    self->warmed = warm_step(self->warm, on_stepped, self);
    return self->warmed;
}

/* Until all streams are followed nothing else is as urgent; then memory is filled between other things. */
static bool run_next(archive_t *self)
{
    bool first = !self->warmed || !warm_serves(self->warm);
    if (first && run_warm(self))
        return true;
    self->warmed = false;
    return clearing_step(self->clearing, on_stepped, self) || run_sweep(self) || run_page(self) || run_batch(self) ||
           (!first && run_warm(self));
}

/* The next thing to do, if there is any and the writer can. */
static void pump(archive_t *self)
{
    if (self->ending || !writer_idle(self->writer))
        return;
    bool renew = clock_mono_ns() >= self->renew_ns && archive_warm(self) && !refetch_busy(self->refetch);
    if (!self->loaded || renew)
        writer_look(self->writer, load_job, on_loaded, self);
    else if (!run_next(self) && !refetch_busy(self->refetch))
        writer_believe(self->writer);
}

static void on_rested(void *arg)
{
    pump(arg);
}

/* While the store is away nobody else looks how long things have been waiting. */
static void mark_behind(archive_t *self, int64_t now_ns)
{
    if (now_ns - self->marked_ns < MARK_MS * NS_PER_MS)
        return;
    self->marked_ns = now_ns;
    for (size_t i = 0; i < holdings_count(self->holdings); i++) {
        holding_t *holding = holdings_at(self->holdings, i);
        holding_next_t next = holding_next(holding);
        holding_wait(holding, &next, now_ns);
    }
}

static void on_tick(void *arg)
{
    archive_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    if (now_ns >= self->patient_until_ns)
        open_up(self);
    mark_behind(self, now_ns);
    pump(self);
}

archive_t *archive_new(loop_t *loop, const archive_config_t *config, shelf_t *shelf, const archive_events_t *events, void *arg)
{
    archive_t *self = calloc(1, sizeof *self);
    if (!self) {
        log_error("store: no memory");
        return NULL;
    }
    self->shelf = shelf;
    self->events = events;
    self->arg = arg;
    self->stock = stock_new();
    self->patient_until_ns = clock_mono_ns() + PATIENCE_MS * NS_PER_MS;
    self->writer = writer_new(loop, config->kind, config->url, on_rested, self);
    self->tick = loop_timer_new(loop, on_tick, self);
    self->holdings = holdings_new();
    self->refetch = refetch_new(on_rested, self);
    self->warm = self->writer ? warm_new(self->writer, events, arg) : NULL;
    self->sweep = self->writer && self->holdings ? sweep_new(self->holdings, self->writer) : NULL;
    self->clearing = self->sweep ? clearing_new(self->holdings, self->writer) : NULL;
    if (!self->tick || !packer_open(&self->packer, self->holdings) || !self->refetch || !self->warm || !self->clearing) {
        log_error("store: no memory");
        archive_destroy(&self);
        return NULL;
    }
    loop_timer_start(self->tick, 0, TICK_MS);
    return self;
}

/* False when the store does not come to an end. */
static bool flush(archive_t *self)
{
    int64_t until_ns = clock_mono_ns() + ARCHIVE_FLUSH_MS * NS_PER_MS;
    self->ending = true;
    warm_stop(self->warm);
    for (;;) {
        int64_t left_ns = until_ns - clock_mono_ns();
        if (!writer_wait(self->writer, left_ns > 0 ? (uint64_t)(left_ns / NS_PER_MS) : 0))
            return false;
        if (left_ns <= 0 || !self->loaded || !writer_idle(self->writer) || !run_batch(self))
            return true;
    }
}

void archive_destroy(archive_t **self_p)
{
    archive_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    loop_timer_destroy(&self->tick);
    bool ended = !self->clearing || flush(self);
    uint64_t lag = archive_counts(self).lag_trades;
    if (lag > 0)
        log_warn("store: not all is stored yet; the next start goes on from the journal", LOG_U64("trades", lag));
    refetch_drop(self->refetch);
    ended = writer_destroy(&self->writer) && ended;
    if (!ended)
        return; /* the thread hangs in the store and may still touch all this: the process ends anyway */
    refetch_destroy(&self->refetch);
    warm_destroy(&self->warm);
    sweep_destroy(&self->sweep);
    clearing_destroy(&self->clearing);
    packer_close(&self->packer);
    holdings_destroy(&self->holdings);
    stock_release(&self->stock);
    free(self);
}

void archive_retain(archive_t *self, const retention_t *retention)
{
    sweep_retain(self->sweep, retention);
}

void archive_keep(archive_t *self, tape_t *tape)
{
    if (!holdings_add(self->holdings, tape))
        log_error("store: no memory for a stream", LOG_SLICE("topic", tape_topic(tape)));
}

bool archive_clear(archive_t *self, text_t topic, archive_cleared_fn *done, void *arg)
{
    if (writer_result(self->writer) != STORE_OK || topic.length > TOPIC_MAX)
        return false;
    return clearing_add(self->clearing, topic, done, arg);
}

uint64_t archive_stored(const archive_t *self, text_t topic)
{
    const holding_t *holding = holdings_find(self->holdings, topic);
    return holding ? holding->trades : 0;
}

cursor_t archive_place(const archive_t *self, text_t topic)
{
    const holding_t *holding = holdings_find(self->holdings, topic);
    return holding ? holding->place : (cursor_t){0, 0};
}

static archive_state_t state_of(const archive_t *self)
{
    switch (writer_result(self->writer)) {
    case STORE_AWAY:
        return ARCHIVE_AWAY;
    case STORE_REFUSED:
        return ARCHIVE_REFUSED;
    case STORE_OK:
        break;
    }
    return self->loaded ? ARCHIVE_UP : ARCHIVE_OPENING;
}

archive_counts_t archive_counts(const archive_t *self)
{
    archive_counts_t counts = {
        .state = state_of(self),
        .error = writer_error(self->writer),
        .warming = warm_total(self->warm),
        .warmed = warm_done(self->warm),
        .warmed_trades = warm_trades(self->warm),
        .batches = self->batches,
        .stored = self->stored,
        .errors = writer_errors(self->writer),
        .lost = self->lost,
        .retained = sweep_dropped(self->sweep),
    };
    int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < holdings_count(self->holdings); i++) {
        const holding_t *holding = holdings_at(self->holdings, i);
        uint64_t lag = holding_lag(holding);
        counts.lag_trades += lag;
        if (lag > 0 && holding->behind_ns != 0 && now_ns - holding->behind_ns > counts.lag_ns)
            counts.lag_ns = now_ns - holding->behind_ns;
    }
    return counts;
}

bool archive_serves(const archive_t *self)
{
    return self->opened && warm_serves(self->warm);
}

bool archive_warm(const archive_t *self)
{
    return self->opened && warm_done(self->warm) == warm_total(self->warm);
}
