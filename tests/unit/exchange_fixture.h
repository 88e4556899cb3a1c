/* A connector that speaks with an exchange, and a WebSocket server in the same loop that plays it. What the connector tells its source is a word or so
 * each in `events`, what the server hears a line each in `heard`. */
#pragma once

#include "common/log.h"
#include "connectord/connectors/connector.h"
#include "tests/unit/no_recording.h"
#include "tests/unit/websocket_server.h"

#include <stdarg.h>
#include <uv.h>

enum { NOTES_MAX = 8192 };

static loop_t *loop;
static web_t *web;
static websocket_server_t server;
static source_config_t config;
static text_t symbols[] = {{"BTC-USD", 7}, {"ETH-USD", 7}, {"LTC-USD", 7}};
static char events[NOTES_MAX], heard[NOTES_MAX];
static void (*upon_event)(const char *event); /* NULL: nothing more than to note it */

#define UNTIL(condition)                                                                                                       \
    while (!(condition))                                                                                                       \
    uv_run(loop_uv(loop), UV_RUN_ONCE)

/* Returns what it has added. */
static inline const char *note(char log[static NOTES_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline const char *note(char log[static NOTES_MAX], const char *format, ...)
{
    size_t length = strlen(log);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(log + length, NOTES_MAX - length, format, arguments);
    va_end(arguments);
    uv_stop(loop_uv(loop)); /* so that UNTIL looks before the loop sleeps */
    return log + length;
}

static inline void happen(const char *event)
{
    if (upon_event)
        upon_event(event);
}

static inline void on_connected(void *arg)
{
    (void)arg;
    happen(note(events, "connected "));
}

static inline void on_confirmed(void *arg, text_t symbol, bool subscribed)
{
    (void)arg;
    happen(note(events, "%c%.*s ", subscribed ? '+' : '-', TEXT_ARG(symbol)));
}

static inline void on_rejected(void *arg, text_t symbol, text_t reason)
{
    (void)arg;
    happen(note(events, "rejected:%.*s:%.*s ", TEXT_ARG(symbol), TEXT_ARG(reason)));
}

static inline void on_trade(void *arg, const trade_t *trade, memo_t *memo)
{
    (void)memo;
    (void)arg;
    ck_assert_int_gt(trade->received_ns, 0);
    happen(note(events, "trade:%.*s ", TEXT_ARG(trade->id)));
}

static inline void on_former(void *arg, const trade_t *trade, memo_t *memo)
{
    (void)memo;
    (void)arg;
    ck_assert_int_gt(trade->received_ns, 0);
    happen(note(events, "former:%.*s ", TEXT_ARG(trade->id)));
}

static inline void on_tail(void *arg, text_t symbol, uint64_t last_id)
{
    (void)arg;
    happen(note(events, "tail:%.*s:%llu ", TEXT_ARG(symbol), (unsigned long long)last_id));
}

static inline void on_gap(void *arg, uint64_t expected, uint64_t found)
{
    (void)arg;
    happen(note(events, "gap:%llu-%llu ", (unsigned long long)expected, (unsigned long long)found));
}

static inline void on_malformed(void *arg, const char *reason, text_t sample)
{
    (void)arg;
    ck_assert_uint_le(sample.length, 200);
    happen(note(events, "malformed:%s ", reason));
}

static inline void on_lost(void *arg, const loss_t *loss)
{
    (void)arg;
    happen(note(events, "lost:%s ", loss->reason));
}

static const connector_events_t connector_events = {.on_connected = on_connected,
                                                    .on_confirmed = on_confirmed,
                                                    .on_rejected = on_rejected,
                                                    .on_trade = on_trade,
                                                    .on_former = on_former,
                                                    .on_tail = on_tail,
                                                    .on_gap = on_gap,
                                                    .on_malformed = on_malformed,
                                                    .on_lost = on_lost,
                                                    .on_received = on_received,
                                                    .on_mark = on_mark};

static inline void server_on_message(websocket_server_t *self, text_t message)
{
    (void)self;
    note(heard, "%.*s\n", TEXT_ARG(message));
}

static inline void exchange_set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    events[0] = heard[0] = '\0';
    upon_event = NULL;
    loop = loop_new();
    web = web_new(loop, 1024);
    server = (websocket_server_t){.on_message = server_on_message};
    server_start(&server, web, NULL, NULL);
    config = (source_config_t){.name = TEXT("exchange"),
                               .url = server.url,
                               .token = "",
                               .ca = "",
                               .symbols = symbols,
                               .symbol_count = 3,
                               .silence_ms = 60000,
                               .messages_per_minute = 1200};
}

/* Once the connector is closed. */
static inline void exchange_tear_down(void)
{
    web_destroy(&web);
    server_release(&server);
    loop_destroy(&loop);
}

/* All that was told up to and with `last`, and nothing is kept of it. */
static inline void check_after(const char *last, const char *wanted)
{
    UNTIL(strstr(events, last));
    ck_assert_str_eq(events, wanted);
    events[0] = '\0';
}
