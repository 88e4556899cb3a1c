/* Over 400 lines, but one idea: one thread's orders, each with its job and what follows from it, in the order in which they
 * have their turn. */
#include "cached/archive/write_behind.h"

#include <stdlib.h>

#include "cached/archive/clear_store.h"
#include "cached/archive/packer.h"
#include "cached/archive/refetch.h"
#include "cached/archive/store_listing.h"
#include "cached/archive/store_writer.h"
#include "cached/archive/stored_place.h"
#include "cached/archive/sweep.h"
#include "cached/archive/warm_up.h"
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
    kept_topic_t topic;
    cursor_t upto;
    const trade_batch_t *batch;
} write_order_t;

struct write_behind {
    catalog_t *catalog;
    const write_behind_events_t *events;
    void *arg;
    store_writer_t *writer;
    loop_timer_t *tick;
    stored_places_t *stored_places;
    store_listing_t listing; /* the thread's while it is loaded */
    bool loaded;             /* the places are what the store said */
    bool opened;             /* on_open was called */
    bool ending;             /* nothing new is begun */
    int64_t patient_until_ns, marked_ns, renew_ns;
    warm_up_t *warm_up;
    bool warmed; /* the last step filled memory, and others come first now */
    refetch_t *refetch;
    sweep_t *sweep;
    bool swept;          /* the last step was the sweep's: storing comes first now */
    packer_t packer;     /* its batch is the thread's while it is stored */
    write_order_t order; /* the thread's while it is carried out */
    clear_store_t *clear_store;
    uint64_t batches, stored, lost;
};

static void pump(write_behind_t *self);

static void open_up(write_behind_t *self)
{
    if (self->opened)
        return;
    self->opened = true;
    self->events->on_open(self->arg);
}

/* What is stored is no longer known: it is asked again when the store is back. */
static void on_failure(write_behind_t *self, store_result_t result)
{
    self->loaded = false;
    refetch_drop(self->refetch);
    clear_store_fail(self->clear_store, result);
    if (self->opened)
        warm_up_abort(self->warm_up);
    else if (result == STORE_REFUSED)
        open_up(self);
}

/* Places may have gone back: somebody else may have put another store in this one's place. And where the store had nothing, an import may
 * have put something. */
static void take_listing(write_behind_t *self)
{
    self->renew_ns = clock_mono_ns() + RENEW_MS * NS_PER_MS;
    for (size_t i = 0; i < stored_places_count(self->stored_places); i++) {
        stored_place_t *stored_place = stored_places_at(self->stored_places, i);
        stored_place->place = (cursor_t){0, 0};
        stored_place->trades = 0;
        memory_log_set_floor(stored_place->memory_log, (cursor_t){0, 0});
    }
    for (size_t i = 0; i < store_listing_count(&self->listing); i++) {
        store_listing_stream_t stream = store_listing_at(&self->listing, i);
        memory_log_t *memory_log = catalog_memory_log(self->catalog, KEPT_TEXT(&stream.topic));
        stored_place_t *stored_place = memory_log ? stored_places_add(self->stored_places, memory_log) : NULL;
        if (!stored_place)
            continue; /* more than memory may hold: whoever asks for it is told */
        stored_place->place = stream.place;
        stored_place->trades = stream.trades;
        if (!self->opened && warm_up_add(self->warm_up, stored_place))
            self->events->on_found(self->arg, memory_log_topic(memory_log));
    }
}

static store_result_t load_job(void *arg, const store_kind_t *kind, void *store, char *error)
{
    return store_listing_load(&((write_behind_t *)arg)->listing, kind, store, error);
}

static void on_loaded(void *arg, store_result_t result)
{
    write_behind_t *self = arg;
    if (result != STORE_OK) {
        on_failure(self, result);
        return;
    }
    take_listing(self);
    self->loaded = true;
    open_up(self);
    pump(self);
}

static void on_stepped(void *arg, store_result_t result)
{
    write_behind_t *self = arg;
    if (result != STORE_OK)
        on_failure(self, result);
    pump(self);
}

static write_order_t order_for(text_t topic, cursor_t upto)
{
    write_order_t order = {.upto = upto};
    KEEP_TEXT(&order.topic, topic);
    return order;
}

static store_result_t page_job(void *arg, const store_kind_t *kind, void *store, char *error)
{
    const write_order_t *order = &((write_behind_t *)arg)->order;
    const trade_batch_t *batch = order->batch;
    store_result_t result = STORE_OK;
    if (batch->count > 0)
        result = kind->write.append(store, batch->trades, batch->count, error);
    if (result != STORE_OK)
        return result;
    return kind->write.skip(store, KEPT_TEXT(&order->topic), order->upto, error);
}

static void tell_lost(write_behind_t *self, const refetch_page_t *page)
{
    static log_limit_t limit;
    if (page->missing == 0 || page->stored_place->place.epoch == 0)
        return; /* before the store's first trade nothing is missing */
    self->lost += page->missing;
    log_error_limited(&limit, "store: trades left the journal before they could be stored",
                      LOG_SLICE("topic", memory_log_topic(page->stored_place->memory_log)), LOG_U64("trades", page->missing),
                      LOG_SLICE("upto", CURSOR_TEXT(page->upto)));
}

static void count_batch(write_behind_t *self, size_t trades)
{
    self->batches++;
    self->stored += trades;
}

static void on_page_stored(void *arg, store_result_t result)
{
    write_behind_t *self = arg;
    const refetch_page_t *page = refetch_page(self->refetch);
    if (result != STORE_OK) {
        on_failure(self, result);
    } else {
        count_batch(self, page->batch->count);
        tell_lost(self, page);
        page->stored_place->trades += page->batch->count;
        stored_place_move(page->stored_place, page->upto);
        refetch_stored(self->refetch);
    }
    pump(self);
}

static bool run_page(write_behind_t *self)
{
    const refetch_page_t *page = refetch_page(self->refetch);
    if (!page)
        return false;
    self->order = order_for(memory_log_topic(page->stored_place->memory_log), page->upto);
    self->order.batch = page->batch;
    store_writer_run(self->writer, page_job, on_page_stored, self);
    return true;
}

static void on_hole(void *arg, stored_place_t *stored_place, const stored_place_next_t *next)
{
    write_behind_t *self = arg;
    if (refetch_busy(self->refetch) || clock_mono_ns() < stored_place->retry_ns || self->ending)
        return;
    requester_t *replay = self->events->replay(self->arg, memory_log_topic(stored_place->memory_log));
    refetch_begin(self->refetch, stored_place, next->from, next->to, replay);
}

static store_result_t batch_job(void *arg, const store_kind_t *kind, void *store, char *error)
{
    const write_behind_t *self = arg;
    return kind->write.append(store, self->packer.batch->trades, self->packer.batch->count, error);
}

static void on_batch_stored(void *arg, store_result_t result)
{
    write_behind_t *self = arg;
    if (result != STORE_OK) {
        on_failure(self, result);
        return;
    }
    packer_stored(&self->packer);
    count_batch(self, self->packer.batch->count);
    if (self->packer.full)
        pump(self); /* else the tick does */
}

static bool run_batch(write_behind_t *self)
{
    if (!packer_pack(&self->packer, clock_mono_ns(), on_hole, self))
        return false;
    store_writer_run(self->writer, batch_job, on_batch_stored, self);
    return true;
}

static bool run_sweep(write_behind_t *self)
{
    self->swept = !self->swept && sweep_step(self->sweep, on_stepped, self);
    return self->swept;
}

static bool run_warm_up(write_behind_t *self)
{
    self->warmed = warm_up_step(self->warm_up, on_stepped, self);
    return self->warmed;
}

/* Until all streams are followed nothing else is as urgent; then memory is filled between other things. */
static bool run_next(write_behind_t *self)
{
    bool first = !self->warmed || !warm_up_serves(self->warm_up);
    if (first && run_warm_up(self))
        return true;
    self->warmed = false;
    return clear_store_step(self->clear_store, on_stepped, self) || run_sweep(self) || run_page(self) || run_batch(self) ||
           (!first && run_warm_up(self));
}

/* The next thing to do, if there is any and the writer can. */
static void pump(write_behind_t *self)
{
    if (self->ending || !store_writer_idle(self->writer))
        return;
    bool renew = clock_mono_ns() >= self->renew_ns && write_behind_warm_up(self) && !refetch_busy(self->refetch);
    if (!self->loaded || renew)
        store_writer_look(self->writer, load_job, on_loaded, self);
    else if (!run_next(self) && !refetch_busy(self->refetch))
        store_writer_believe(self->writer);
}

static void on_rested(void *arg)
{
    pump(arg);
}

/* While the store is away nobody else looks how long things have been waiting. */
static void mark_behind(write_behind_t *self, int64_t now_ns)
{
    if (now_ns - self->marked_ns < MARK_MS * NS_PER_MS)
        return;
    self->marked_ns = now_ns;
    for (size_t i = 0; i < stored_places_count(self->stored_places); i++) {
        stored_place_t *stored_place = stored_places_at(self->stored_places, i);
        stored_place_next_t next = stored_place_next(stored_place);
        stored_place_wait(stored_place, &next, now_ns);
    }
}

static void on_tick(void *arg)
{
    write_behind_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    if (now_ns >= self->patient_until_ns)
        open_up(self);
    mark_behind(self, now_ns);
    pump(self);
}

write_behind_t *write_behind_new(loop_t *loop, const write_behind_config_t *config, catalog_t *catalog,
                                 const write_behind_events_t *events, void *arg)
{
    write_behind_t *self = calloc(1, sizeof *self);
    if (!self) {
        log_error("store: out of memory");
        return NULL;
    }
    self->catalog = catalog;
    self->events = events;
    self->arg = arg;
    self->listing = store_listing_new();
    self->patient_until_ns = clock_mono_ns() + PATIENCE_MS * NS_PER_MS;
    self->writer = store_writer_new(loop, config->kind, config->url, on_rested, self);
    self->tick = loop_timer_new(loop, on_tick, self);
    self->stored_places = stored_places_new();
    self->refetch = refetch_new(on_rested, self);
    self->warm_up = self->writer ? warm_up_new(self->writer, &events->warm_up, arg) : NULL;
    self->sweep = self->writer && self->stored_places ? sweep_new(self->stored_places, self->writer) : NULL;
    self->clear_store = self->sweep ? clear_store_new(self->stored_places, self->writer) : NULL;
    if (!self->tick || !packer_open(&self->packer, self->stored_places) || !self->refetch || !self->warm_up ||
        !self->clear_store) {
        log_error("store: out of memory");
        write_behind_destroy(&self);
        return NULL;
    }
    loop_timer_start(self->tick, 0, TICK_MS);
    return self;
}

/* False when the store does not come to an end. */
static bool flush(write_behind_t *self)
{
    int64_t until_ns = clock_mono_ns() + WRITE_BEHIND_FLUSH_MS * NS_PER_MS;
    self->ending = true;
    warm_up_stop(self->warm_up);
    for (;;) {
        int64_t left_ns = until_ns - clock_mono_ns();
        if (!store_writer_wait(self->writer, left_ns > 0 ? (uint64_t)(left_ns / NS_PER_MS) : 0))
            return false;
        if (left_ns <= 0 || !self->loaded || !store_writer_idle(self->writer) || !run_batch(self))
            return true;
    }
}

void write_behind_destroy(write_behind_t **self_p)
{
    write_behind_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    loop_timer_destroy(&self->tick);
    bool ended = !self->clear_store || flush(self);
    uint64_t lag = write_behind_counts(self).lag_trades;
    if (lag > 0)
        log_warn("store: some trades are not stored yet; the next start gets them from the journal", LOG_U64("trades", lag));
    refetch_drop(self->refetch);
    ended = store_writer_destroy(&self->writer) && ended;
    if (!ended)
        return; /* the thread hangs in the store and may still touch all this: the process ends anyway */
    refetch_destroy(&self->refetch);
    warm_up_destroy(&self->warm_up);
    sweep_destroy(&self->sweep);
    clear_store_destroy(&self->clear_store);
    packer_close(&self->packer);
    stored_places_destroy(&self->stored_places);
    store_listing_release(&self->listing);
    free(self);
}

void write_behind_retain(write_behind_t *self, const retention_t *retention)
{
    sweep_retain(self->sweep, retention);
}

void write_behind_keep(write_behind_t *self, memory_log_t *memory_log)
{
    if (!stored_places_add(self->stored_places, memory_log))
        log_error("store: out of memory for a stream", LOG_SLICE("topic", memory_log_topic(memory_log)));
}

bool write_behind_clear(write_behind_t *self, text_t topic, clear_store_done_fn *done, void *arg)
{
    if (store_writer_result(self->writer) != STORE_OK || topic.length > TOPIC_MAX)
        return false;
    return clear_store_add(self->clear_store, topic, done, arg);
}

uint64_t write_behind_stored(const write_behind_t *self, text_t topic)
{
    const stored_place_t *stored_place = stored_places_find(self->stored_places, topic);
    return stored_place ? stored_place->trades : 0;
}

cursor_t write_behind_place(const write_behind_t *self, text_t topic)
{
    const stored_place_t *stored_place = stored_places_find(self->stored_places, topic);
    return stored_place ? stored_place->place : (cursor_t){0, 0};
}

static write_behind_state_t state_of(const write_behind_t *self)
{
    switch (store_writer_result(self->writer)) {
    case STORE_AWAY:
        return WRITE_BEHIND_AWAY;
    case STORE_REFUSED:
        return WRITE_BEHIND_REFUSED;
    case STORE_OK:
        break;
    }
    return self->loaded ? WRITE_BEHIND_UP : WRITE_BEHIND_OPENING;
}

write_behind_counts_t write_behind_counts(const write_behind_t *self)
{
    write_behind_counts_t counts = {
        .state = state_of(self),
        .error = store_writer_error(self->writer),
        .warming = warm_up_total(self->warm_up),
        .warmed = warm_up_done(self->warm_up),
        .warmed_trades = warm_up_trades(self->warm_up),
        .batches = self->batches,
        .stored = self->stored,
        .errors = store_writer_errors(self->writer),
        .lost = self->lost,
        .retained = sweep_dropped(self->sweep),
    };
    int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < stored_places_count(self->stored_places); i++) {
        const stored_place_t *stored_place = stored_places_at(self->stored_places, i);
        uint64_t lag = stored_place_lag(stored_place);
        counts.lag_trades += lag;
        if (lag > 0 && stored_place->behind_ns != 0 && now_ns - stored_place->behind_ns > counts.lag_ns)
            counts.lag_ns = now_ns - stored_place->behind_ns;
    }
    return counts;
}

bool write_behind_serves(const write_behind_t *self)
{
    return self->opened && warm_up_serves(self->warm_up);
}

bool write_behind_warm_up(const write_behind_t *self)
{
    return self->opened && warm_up_done(self->warm_up) == warm_up_total(self->warm_up);
}
