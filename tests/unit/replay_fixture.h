/* The connector replay over a recording in a folder, and what it told. */
#pragma once

#include "common/clock.h"
#include "common/log.h"
#include "connectord/connectors/connector.h"
#include "tests/unit/no_recording.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

#include <stdarg.h>
#include <uv.h>

static loop_t *loop;
static folder_t folder;
static char path[96];
static source_config_t config;
enum { SPEED = 1, LOOP, DEFINITION }; /* their places in its settings */
static text_t symbols[] = {{"BTC-USD", 7}, {"ETH-USD", 7}};
static const connector_t *replay;
static void *connector;
static char events[8192]; /* what the connector told, a word each */
static int trades;
static bool leaves; /* upon a trade */

#define UNTIL(condition)                                                                                                       \
    while (!(condition))                                                                                                       \
    uv_run(loop_uv(loop), UV_RUN_ONCE)

static inline void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline void note(const char *format, ...)
{
    size_t length = strlen(events);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(events + length, sizeof events - length, format, arguments);
    va_end(arguments);
    uv_stop(loop_uv(loop)); /* so that UNTIL looks before the loop sleeps */
}

static inline void on_connected(void *arg)
{
    (void)arg;
    note("connected ");
}

static inline void on_confirmed(void *arg, text_t symbol, bool subscribed)
{
    (void)arg;
    note("%c%.*s ", subscribed ? '+' : '-', TEXT_ARG(symbol));
}

static inline void on_rejected(void *arg, text_t symbol, text_t reason)
{
    (void)arg, (void)symbol, (void)reason;
}

static inline void on_trade(void *arg, const trade_t *trade, memo_t *memo)
{
    (void)memo;
    (void)arg;
    trades++;
    note("%.*s ", TEXT_ARG(trade->id));
    if (leaves)
        replay->disconnect(connector);
}

static inline void on_gap(void *arg, uint64_t expected, uint64_t found)
{
    (void)arg, (void)expected, (void)found;
    note("gap ");
}

static inline void on_malformed(void *arg, const char *reason, text_t sample)
{
    (void)arg, (void)sample;
    note("malformed:%s ", reason);
}

static inline void on_lost(void *arg, const loss_t *loss)
{
    (void)arg;
    note("lost:%s ", loss->reason);
}

static const connector_events_t connector_events = {.on_connected = on_connected,
                                                    .on_confirmed = on_confirmed,
                                                    .on_rejected = on_rejected,
                                                    .on_trade = on_trade,
                                                    .on_gap = on_gap,
                                                    .on_malformed = on_malformed,
                                                    .on_lost = on_lost,
                                                    .on_received = on_received,
                                                    .on_mark = on_mark};

static inline void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    events[0] = '\0';
    trades = 0;
    loop = loop_new();
    folder = folder_new();
    ck_assert_ptr_nonnull(loop);
    snprintf(path, sizeof path, "%s/recording", folder.path);
    config = (source_config_t){
        .name = TEXT("file"),
        .symbols = symbols,
        .symbol_count = 2,
        .settings = {{"file", .text = path}, [SPEED] = {"speed"}, [LOOP] = {"loop"}, [DEFINITION] = {"definition", .text = ""}},
        .setting_count = 4};
    replay = connector_find("replay");
    connector = NULL;
}

static inline void tear_down(void)
{
    replay->close(connector);
    loop_destroy(&loop);
    folder_remove(&folder);
}

/* A trade's frame. */
static inline void print_trade(FILE *out, const char *symbol, const char *id, const char *time)
{
    fprintf(
        out,
        "{\"seqnum\":9,\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"%s\",\"timestamp\":\"%s\",\"side\":\"buy\","
        "\"qty\":1,\"price\":2,\"trade_id\":\"%s\"}\n",
        symbol, time, id);
}

static inline FILE *record(void)
{
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    return out;
}

static inline void connect_with(size_t subscriptions)
{
    if (!connector)
        connector = replay->open(loop, NULL, &config, &connector_events, NULL);
    ck_assert_ptr_nonnull(connector);
    replay->connect(connector);
    UNTIL(strstr(events, "connected"));
    for (size_t i = 0; i < subscriptions; i++)
        replay->subscribe(connector, symbols[i]);
    events[0] = '\0';
}

/* Everything that comes within 20 ms. */
static inline void settle(void)
{
    for (int64_t end_ns = clock_mono_ns() + 20 * NS_PER_MS; clock_mono_ns() < end_ns;)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}
