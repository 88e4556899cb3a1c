/* The connector "replay": plays a recording (recorded_line.h) as if an exchange sent it: of the Blockchain.com Exchange's frames, or by a source's definition.
 *
 * It begins when all configured symbols are subscribed (with "demand": the first), so that what is played does not depend on timing, and from the file's
 * beginning on each connection. At its end it stays connected and silent, or begins another lap. Trade ids are passed on as they are in the first lap, so that
 * duplicates are known after a restart; later laps add ".<when the lap began, in ms since 1970>", since a trade played again is not the same trade.
 */
#include "common/clock.h"
#include "common/log.h"
#include "common/timestamp.h"
#include "connectord/connectors/connector.h"
#include "connectord/exchanges/blockchain_message.h"
#include "connectord/recording/recorded_line.h"
#include "connectord/replay/line_reader.h"
#include "connectord/replay/replay_definition.h"
#include "connectord/replay/replay_pace.h"
#include "connectord/replay/replay_subscriptions.h"

#include <errno.h>
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
    SLICE_LINES = 1000,    /* or … */
    SLICE_BYTES = 1 << 20, /* … are read before others on the loop get their turn … */
    SLICE_PAUSE_MS = 1,    /* … which they don't in 0: libuv 1.44 runs a timer that starts itself with 0 again and again */
    HELD_PAUSE_MS = 100,   /* while exchanges are held back */
    SAMPLE_MAX = 200
};

typedef struct {
    const source_config_t *config;
    const char *file;
    bool loops;
    const web_t *web;
    const connector_events_t *events;
    void *arg;
    enum { CLOSED, OPENING, OPEN, PLAYING, ENDED } state;
    loop_timer_t *timer;
    line_reader_t *reader;
    replay_definition_t *definition; /* NULL: frames of the Blockchain.com Exchange */
    replay_subscriptions_t subscriptions;

    uint64_t lap;   /* from 1 */
    int64_t lap_ms; /* when it began, since 1970; no two laps begin in the same ms */
    bool lap_has_trade;
    replay_pace_t pace;

    bool pending;                 /* what was read last is not played yet: … */
    blockchain_message_t message; /* … a trade, or, with a definition, … */
    text_t defined;               /* … a message of the source's; or … */
    bool answered;                /* … records that waited until their answer was whole */
    bool inside;                  /* that is being played: its text must stay, whatever becomes of the connection */
    size_t slice;                 /* bytes read since others had their turn */
    char id[TRADE_ID_MAX + 24];
} replay_file_t;

static bool is_connected(const replay_file_t *self)
{
    return self->state >= OPEN;
}

static void stop(void *arg)
{
    replay_file_t *self = arg;
    self->state = CLOSED;
    self->pending = false;
    loop_timer_stop(self->timer);
    if (!self->inside)
        line_reader_close(&self->reader);
}

static void lose(replay_file_t *self, const char *what)
{
    char reason[400];
    snprintf(reason, sizeof reason, "can't %s %s: %s", what, self->file, strerror(errno));
    stop(self);
    self->events->on_lost(self->arg, &(loss_t){.reason = reason});
}

static bool begin_lap(replay_file_t *self)
{
    int64_t now_ms = clock_real_ns() / NS_PER_MS;
    self->lap++;
    self->lap_ms = now_ms > self->lap_ms ? now_ms : self->lap_ms + 1;
    self->lap_has_trade = false;
    replay_pace_begin(&self->pace);
    if (!self->definition || replay_definition_begin(self->definition))
        return true;
    lose(self, "play");
    return false;
}

static void open_file(replay_file_t *self)
{
    self->reader = line_reader_open(self->file);
    if (!self->reader) {
        lose(self, "open");
        return;
    }
    replay_subscriptions_clear(&self->subscriptions);
    self->state = OPEN;
    self->lap = 0;
    if (begin_lap(self))
        self->events->on_connected(self->arg);
}

/* Tells what has become of subscribes and unsubscribes. Returns how many symbols are subscribed. */
static size_t confirm(replay_file_t *self)
{
    replay_subscription_t *subscription;
    while (is_connected(self) && (subscription = replay_subscriptions_confirm(&self->subscriptions)))
        self->events->on_confirmed(self->arg, subscription->symbol, subscription->confirmed);
    return replay_subscriptions_count(&self->subscriptions);
}

static void report_malformed(void *arg, const char *reason, text_t sample)
{
    replay_file_t *self = arg;
    char text[FIELDS_REASON_MAX + 40];
    if (!is_connected(self)) /* the source has left at an earlier record of the message */
        return;
    snprintf(text, sizeof text, "line %llu: %s", (unsigned long long)line_reader_number(self->reader), reason);
    self->events->on_malformed(self->arg, text, text_cut(sample, SAMPLE_MAX));
}

/* False when playing is over, at least for this connection. */
static bool end_lap(replay_file_t *self)
{
    if (self->loops && self->lap_has_trade) {
        if (!begin_lap(self))
            return false;
        line_reader_rewind(self->reader);
        return true;
    }
    log_info("replay: end of file", LOG_SLICE("source", self->config->name), LOG_TEXT("file", self->file));
    self->state = ENDED;
    return false;
}

/* Without a time of its own a trade is due when it was made. */
static void take_frame(replay_file_t *self, const recorded_line_t *recorded)
{
    int64_t frame_ns = recorded->time_ns;
    if (!blockchain_message_read(&self->message, recorded->message)) {
        report_malformed(self, self->message.fields.reason, recorded->message);
    } else if (self->message.kind == BLOCKCHAIN_TRADE &&
               replay_subscriptions_find(&self->subscriptions, self->message.symbol)) {
        if (frame_ns == 0)
            timestamp_parse(self->message.trade.timestamp, &frame_ns);
        self->lap_has_trade = true;
        replay_pace_next(&self->pace, frame_ns, clock_mono_ns());
        self->pending = true;
    }
}

static void take_defined(replay_file_t *self, const recorded_line_t *recorded)
{
    self->answered = self->pending = replay_definition_mark(self->definition, recorded);
    if (recorded->kind != RECORDED_MESSAGE)
        return;
    self->defined = recorded->message;
    replay_pace_next(&self->pace, recorded->time_ns, clock_mono_ns());
    self->pending = true;
}

static void take_line(replay_file_t *self, text_t line)
{
    recorded_line_t recorded = recorded_line_read(line);
    self->slice += line.length;
    if (self->definition)
        take_defined(self, &recorded);
    else if (recorded.kind == RECORDED_MESSAGE)
        take_frame(self, &recorded);
}

/* Reads one line. False when playing can't go on. */
static bool read_line(replay_file_t *self)
{
    text_t line;
    switch (line_reader_next(self->reader, &line)) {
    case LINE_READ:
        take_line(self, line);
        break;
    case LINE_TOO_LONG:
        report_malformed(self, "over 1 MiB", line);
        break;
    case LINE_END:
        return end_lap(self);
    case LINE_ERROR:
        lose(self, "read");
        break;
    }
    return self->state == PLAYING;
}

static void play_trade(replay_file_t *self, trade_t *trade)
{
    const replay_subscription_t *subscription = replay_subscriptions_of(&self->subscriptions, trade);
    self->lap_has_trade |= subscription != NULL;
    if (!is_connected(self) || !subscription || !subscription->confirmed)
        return;
    if (self->lap > 1 && trade->id.length > 0) {
        int length = snprintf(self->id, sizeof self->id, "%.*s.%lld", TEXT_ARG(trade->id), (long long)self->lap_ms);
        if (length > TRADE_ID_MAX) {
            report_malformed(self, "trade_id: too long to append the lap number", trade->id);
            return;
        }
        trade->id = (text_t){self->id, (size_t)length};
    }
    trade->received_ns = clock_real_ns();
    self->events->on_trade(self->arg, trade, NULL);
}

/* --- by a definition --- */

static bool on_wants(void *arg, text_t subject)
{
    replay_file_t *self = arg;
    const replay_subscription_t *subscription = replay_subscriptions_find(&self->subscriptions, subject);
    self->lap_has_trade |= subscription != NULL;
    return subscription && subscription->confirmed;
}

static void on_record(void *arg, const mapping_record_t *record)
{
    trade_t trade = record->trade;
    trade.timestamp_ns = record->timestamp_ns;
    play_trade(arg, &trade);
}

static const replay_definition_events_t definition_events = {
    .wants = on_wants, .on_record = on_record, .on_malformed = report_malformed};

static void play_pending(replay_file_t *self)
{
    self->pending = false;
    self->inside = true;
    if (self->answered)
        self->pending = replay_definition_answered(self->definition) && self->state == PLAYING;
    else if (self->definition)
        replay_definition_message(self->definition, self->defined, self->pace.frame_ns ? self->pace.frame_ns : clock_real_ns());
    else
        play_trade(self, &self->message.trade);
    self->inside = false;
    if (!is_connected(self))
        line_reader_close(&self->reader);
}

/* Plays what is due, a slice at a time. */
static void play(replay_file_t *self)
{
    self->slice = 0;
    for (int i = 0; i < SLICE_LINES && self->slice < SLICE_BYTES && !web_is_held(self->web); i++) {
        if (!self->pending && !read_line(self))
            return;
        if (!self->pending)
            continue;
        uint64_t wait = replay_pace_wait_ms(&self->pace, clock_mono_ns());
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
    replay_definition_destroy(&self->definition);
    replay_subscriptions_release(&self->subscriptions);
    free(self);
}

/* NULL when memory runs out. */
static replay_subscription_t *add_subscription(replay_file_t *self, text_t symbol)
{
    char error[TEMPLATE_ERROR_MAX];
    if (self->definition && !replay_definition_add(self->definition, symbol, error))
        log_warn("replay: a symbol has no name at the source", LOG_SLICE("source", self->config->name),
                 LOG_TEXT("error", error));
    return replay_subscriptions_add(&self->subscriptions, symbol);
}

/* Those of the configuration are known from the start: what they set the pace by does not depend on who is subscribed. */
static bool make_subscriptions(replay_file_t *self)
{
    bool made = replay_subscriptions_init(&self->subscriptions);
    for (size_t i = 0; made && i < self->config->symbol_count; i++)
        made = add_subscription(self, self->config->symbols[i]) != NULL;
    return made;
}

static bool replay_file_check(const source_config_t *config, char error[static CONNECTOR_ERROR_MAX])
{
    const char *path = source_config_setting(config, "definition")->text;
    replay_definition_t *definition = path[0] != '\0' ? replay_definition_new(path, &definition_events, NULL, error) : NULL;
    bool good = path[0] == '\0' || definition;
    replay_definition_destroy(&definition);
    return good;
}

static void *replay_file_open(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events,
                              void *arg)
{
    const char *file = source_config_setting(config, "file")->text;
    const char *path = source_config_setting(config, "definition")->text;
    char error[CONNECTOR_ERROR_MAX] = "out of memory";
    replay_file_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (replay_file_t){.config = config, .file = file, .web = web, .events = events, .arg = arg};
    self->pace.speed = source_config_setting(config, "speed")->number;
    self->loops = source_config_setting(config, "loop")->number > 0;
    if (file[0] == '\0')
        snprintf(error, sizeof error, "expected a file, found none");
    else if ((path[0] == '\0' || (self->definition = replay_definition_new(path, &definition_events, self, error))) &&
             make_subscriptions(self) && (self->timer = loop_timer_new(loop, on_timer, self)))
        return self;
    log_error("replay: not started", LOG_SLICE("source", config->name), LOG_TEXT("error", error));
    replay_file_close(self);
    return NULL;
}

static void replay_file_connect(void *arg)
{
    replay_file_t *self = arg;
    self->state = OPENING;
    loop_timer_start(self->timer, 0, 0);
}

static void want(replay_file_t *self, text_t symbol, bool wanted)
{
    replay_subscription_t *subscription = replay_subscriptions_find(&self->subscriptions, symbol);
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
    .check = replay_file_check,
    .open = replay_file_open,
    .connect = replay_file_connect,
    .disconnect = stop,
    .subscribe = replay_file_subscribe,
    .unsubscribe = replay_file_unsubscribe,
    .close = replay_file_close,
};
