/* The connector "replay": plays a file of the Blockchain.com Exchange's frames, one a line, as if an exchange sent them.
 *
 * It begins when all configured symbols are subscribed (with "demand": the first), so that what is played does not depend on timing,
 * and from the file's beginning on each connection. At its end it stays connected and silent, or begins another lap. The exchange's trade
 * ids are passed on as they are in the first lap, so that after a restart duplicates are known by them; later laps add ".<when the lap
 * began, in ms since 1970>", since a trade played again is not the same trade.
 */
#include "common/clock.h"
#include "common/log.h"
#include "common/table.h"
#include "common/timestamp.h"
#include "connectord/connectors/blockchain_message.h"
#include "connectord/connectors/connector.h"
#include "connectord/connectors/line_reader.h"
#include "proto/topic.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The build takes these rows into the configuration's schema. */
static const schema_key_t settings[] = {
    {SCHEMA_SOURCE "file", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "The recording to play, with connector replay"},
    {SCHEMA_SOURCE "speed", KEY_REAL, .minimum = 0, .maximum = 1e6, .initial = "1",
     .help = "Speed of a replay: 1 is the recorded pace, N is N times faster, 0 is as fast as possible"},
    {SCHEMA_SOURCE "loop", KEY_FLAG, .initial = "false", .help = "Restart a replay at its end"},
};

enum {
    SLICE_LINES = 1000,  /* read before others on the loop get their turn … */
    SLICE_PAUSE_MS = 1,  /* … which they don't in 0: libuv 1.44 runs a timer that starts itself with 0 again and again */
    HELD_PAUSE_MS = 100, /* while exchanges are held back */
    SAMPLE_MAX = 200,
    WAIT_MAX_MS = 3600000
};

/* A recorded pause that is longer is where two recordings were joined, and is not waited for. */
#define SEAM_NS (3600 * NS_PER_S)

typedef struct replay_file_subscription {
    struct replay_file_subscription *next;
    char symbol_text[SYMBOL_MAX];
    text_t symbol;
    bool wanted, confirmed;
    bool asked; /* since that was confirmed */
} replay_file_subscription_t;

typedef struct {
    const source_config_t *config;
    const char *file;
    double speed;
    bool loops;
    const web_t *web;
    const connector_events_t *events;
    void *arg;
    enum { CLOSED, OPENING, OPEN, PLAYING, ENDED } state;
    loop_timer_t *timer;
    line_reader_t *reader;
    table_t *by_symbol;                        /* the subscriptions below */
    replay_file_subscription_t *subscriptions; /* owned, in the order in which they were asked for first */

    uint64_t lap;   /* from 1 */
    int64_t lap_ms; /* when it began, since 1970; no two laps begin in the same ms */
    bool lap_has_trade;
    int64_t frame_ns;      /* the recorded time of the trade read last; 0 before the first of a lap */
    int64_t base_frame_ns; /* recorded time that was played at … */
    int64_t base_mono_ns;  /* … this time */

    bool pending; /* `message` holds a trade that is not played yet */
    blockchain_message_t message;
    char id[TRADE_ID_MAX + 24];
} replay_file_t;

static bool is_connected(const replay_file_t *self)
{
    return self->state >= OPEN;
}

static void begin_lap(replay_file_t *self)
{
    int64_t now_ms = clock_real_ns() / NS_PER_MS;
    self->lap++;
    self->lap_ms = now_ms > self->lap_ms ? now_ms : self->lap_ms + 1;
    self->lap_has_trade = false;
    self->frame_ns = 0;
}

static void stop(replay_file_t *self)
{
    self->state = CLOSED;
    self->pending = false;
    loop_timer_stop(self->timer);
    line_reader_close(&self->reader);
}

static void lose(replay_file_t *self, const char *what)
{
    char reason[400];
    snprintf(reason, sizeof reason, "can't %s %s: %s", what, self->file, strerror(errno));
    stop(self);
    self->events->on_lost(self->arg, &(loss_t){.reason = reason});
}

static void open_file(replay_file_t *self)
{
    self->reader = line_reader_open(self->file);
    if (!self->reader) {
        lose(self, "open");
        return;
    }
    for (replay_file_subscription_t *subscription = self->subscriptions; subscription; subscription = subscription->next)
        subscription->wanted = subscription->confirmed = subscription->asked = false;
    self->state = OPEN;
    self->lap = 0;
    begin_lap(self);
    self->events->on_connected(self->arg);
}

/* Tells what has become of subscribes and unsubscribes; it takes effect now. Returns how many are subscribed. */
static size_t confirm(replay_file_t *self)
{
    size_t subscribed = 0;
    for (replay_file_subscription_t *subscription = self->subscriptions; subscription && is_connected(self);
         subscription = subscription->next) {
        subscribed += subscription->wanted;
        if (subscription->wanted == subscription->confirmed && !subscription->asked)
            continue;
        subscription->asked = false;
        subscription->confirmed = subscription->wanted;
        self->events->on_confirmed(self->arg, subscription->symbol, subscription->confirmed);
    }
    return subscribed;
}

static void report_malformed(replay_file_t *self, const char *reason, text_t sample)
{
    char text[BLOCKCHAIN_REASON_MAX + 40];
    snprintf(text, sizeof text, "line %llu: %s", (unsigned long long)line_reader_number(self->reader), reason);
    sample.length = sample.length < SAMPLE_MAX ? sample.length : SAMPLE_MAX;
    self->events->on_malformed(self->arg, text, sample);
}

/* False when playing is over, at least for this connection. */
static bool end_lap(replay_file_t *self)
{
    if (self->loops && self->lap_has_trade) {
        begin_lap(self);
        line_reader_rewind(self->reader);
        return true;
    }
    log_info("replay: end of file", LOG_SLICE("source", self->config->name), LOG_TEXT("file", self->file));
    self->state = ENDED;
    return false;
}

/* Notes when the trade that was just read is due. */
static void schedule(replay_file_t *self)
{
    int64_t frame_ns = 0;
    timestamp_parse(self->message.trade.timestamp, &frame_ns);
    if (self->frame_ns == 0 || frame_ns - self->frame_ns > SEAM_NS) {
        self->base_frame_ns = frame_ns;
        self->base_mono_ns = clock_mono_ns();
    }
    self->frame_ns = frame_ns;
    self->pending = self->lap_has_trade = true;
}

/* Reads one line. False when playing can't go on. */
static bool read_line(replay_file_t *self)
{
    text_t line;
    switch (line_reader_next(self->reader, &line)) {
    case LINE_READ:
        if (line.length == 0)
            break;
        if (!blockchain_message_read(&self->message, line))
            report_malformed(self, self->message.reason, line);
        else if (self->message.kind == BLOCKCHAIN_TRADE && table_get(self->by_symbol, self->message.symbol))
            schedule(self);
        break;
    case LINE_TOO_LONG:
        report_malformed(self, "over 64 KiB", line);
        break;
    case LINE_END:
        return end_lap(self);
    case LINE_ERROR:
        lose(self, "read");
        break;
    }
    return self->state == PLAYING;
}

/* Milliseconds until the pending trade is due. */
static uint64_t wait_ms(const replay_file_t *self)
{
    if (self->speed <= 0)
        return 0;
    double recorded_ns = (double)(self->frame_ns - self->base_frame_ns);
    double passed_ns = (double)(clock_mono_ns() - self->base_mono_ns);
    double left_ms = (recorded_ns / self->speed - passed_ns) / (double)NS_PER_MS;
    return left_ms > 0 ? (uint64_t)ceil(fmin(left_ms, WAIT_MAX_MS)) : 0; /* longer: asked again */
}

static void play_pending(replay_file_t *self)
{
    self->pending = false;
    trade_t *trade = &self->message.trade;
    const replay_file_subscription_t *subscription = table_get(self->by_symbol, trade->symbol);
    if (!subscription->confirmed)
        return;
    if (self->lap > 1) {
        int length = snprintf(self->id, sizeof self->id, "%.*s.%lld", TEXT_ARG(trade->id), (long long)self->lap_ms);
        if (length > TRADE_ID_MAX) {
            report_malformed(self, "trade_id: too long to append the lap number", trade->id);
            return;
        }
        trade->id = (text_t){self->id, (size_t)length};
    }
    trade->received_ns = clock_real_ns();
    self->events->on_trade(self->arg, trade);
}

/* Plays what is due, a slice at a time. */
static void play(replay_file_t *self)
{
    for (int i = 0; i < SLICE_LINES && !web_is_held(self->web); i++) {
        if (!self->pending && !read_line(self))
            return;
        if (!self->pending)
            continue;
        uint64_t wait = wait_ms(self);
        if (wait > 0) {
            loop_timer_start(self->timer, wait, 0);
            return;
        }
        play_pending(self);
        if (self->state != PLAYING)
            return;
    }
    loop_timer_start(self->timer, web_is_held(self->web) ? HELD_PAUSE_MS : SLICE_PAUSE_MS, 0);
}

static void on_timer(void *arg)
{
    replay_file_t *self = arg;
    if (self->state == OPENING) {
        open_file(self);
        return;
    }
    size_t subscribed = confirm(self);
    size_t needed = self->config->demand ? 1 : self->config->symbol_count;
    if (self->state == OPEN && subscribed >= needed)
        self->state = PLAYING;
    if (self->state == PLAYING)
        play(self);
}

static void replay_file_close(void *arg)
{
    replay_file_t *self = arg;
    if (!self)
        return;
    if (self->timer)
        stop(self);
    loop_timer_destroy(&self->timer);
    table_destroy(&self->by_symbol);
    for (replay_file_subscription_t *subscription = self->subscriptions, *next; subscription; subscription = next) {
        next = subscription->next;
        free(subscription);
    }
    free(self);
}

/* NULL when memory runs out. */
static replay_file_subscription_t *add_subscription(replay_file_t *self, text_t symbol)
{
    replay_file_subscription_t *subscription = calloc(1, sizeof *subscription), **last = &self->subscriptions;
    if (!subscription)
        return NULL;
    memcpy(subscription->symbol_text, symbol.at, symbol.length);
    subscription->symbol = (text_t){subscription->symbol_text, symbol.length};
    if (!table_put(self->by_symbol, subscription->symbol, subscription)) {
        free(subscription);
        return NULL;
    }
    while (*last)
        last = &(*last)->next;
    return *last = subscription;
}

/* Those of the configuration are known from the start: what they set the pace by does not depend on who is subscribed. */
static bool make_subscriptions(replay_file_t *self)
{
    self->by_symbol = table_new();
    bool made = self->by_symbol != NULL;
    for (size_t i = 0; made && i < self->config->symbol_count; i++)
        made = add_subscription(self, self->config->symbols[i]) != NULL;
    return made;
}

static void *replay_file_open(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events,
                              void *arg)
{
    const char *file = source_config_setting(config, "file")->text;
    if (file[0] == '\0') {
        log_error("replay: expected a file, found none", LOG_SLICE("source", config->name));
        return NULL;
    }
    replay_file_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = config;
    self->file = file;
    self->speed = source_config_setting(config, "speed")->number;
    self->loops = source_config_setting(config, "loop")->number > 0;
    self->web = web;
    self->events = events;
    self->arg = arg;
    if ((self->timer = loop_timer_new(loop, on_timer, self)) && make_subscriptions(self))
        return self;
    log_error("replay: not started", LOG_SLICE("source", config->name));
    replay_file_close(self);
    return NULL;
}

static void replay_file_connect(void *arg)
{
    replay_file_t *self = arg;
    self->state = OPENING;
    loop_timer_start(self->timer, 0, 0);
}

static void replay_file_disconnect(void *arg)
{
    stop(arg);
}

static void want(replay_file_t *self, text_t symbol, bool wanted)
{
    replay_file_subscription_t *subscription = table_get(self->by_symbol, symbol);
    if (!is_connected(self) || (!subscription && !(wanted && (subscription = add_subscription(self, symbol)))))
        return;
    subscription->wanted = wanted;
    subscription->asked = wanted;
    loop_timer_start(self->timer, 0, 0);
}

static void replay_file_subscribe(void *arg, text_t symbol)
{
    want(arg, symbol, true);
}

static void replay_file_unsubscribe(void *arg, text_t symbol)
{
    want(arg, symbol, false);
}

const connector_t connector_replay = {
    .name = "replay",
    .settings = settings,
    .setting_count = sizeof settings / sizeof *settings,
    .whole = true,
    .repeats = "loop",
    .check = connector_needs_no_check,
    .open = replay_file_open,
    .connect = replay_file_connect,
    .disconnect = replay_file_disconnect,
    .subscribe = replay_file_subscribe,
    .unsubscribe = replay_file_unsubscribe,
    .close = replay_file_close,
};
