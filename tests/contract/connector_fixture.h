/* A connector with its backend, and what it tells. */
#pragma once

#include "common/log.h"
#include "tests/contract/connector_backends.h"

#include <uv.h>

/* What a connector told. */
typedef struct {
    int connected, lost, malformed, gaps, trades, foreign; /* foreign: trades of other symbols than the first */
    int confirmed[2];                                      /* unsubscribed, subscribed */
    int rejected;
    int trades_since_unsubscribed;
    int received;
    char reason[200];
    bool inside; /* a call of ours: nothing may be told then */
} connector_told_t;

static const connector_backend_t *backend;
static connector_told_t told;
static void (*upon_trade)(const trade_t *trade);

#define UNTIL(condition)                                                                                                       \
    while (!(condition))                                                                                                       \
    uv_run(loop_uv(loop), UV_RUN_ONCE)

/* Lets what is under way come. */
static void settle(void)
{
    for (int i = 0; i < 50; i++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

/* --- what the connector tells --- */

static void check_told_from_the_loop(void)
{
    uv_stop(loop_uv(loop)); /* so that UNTIL looks before the loop sleeps */
    ck_assert_msg(!told.inside, "a callback from within a call");
    ck_assert_msg(told.connected == 1 || told.lost == 1, "a callback before on_connected, or after the end");
}

static void on_connected(void *arg)
{
    ck_assert_ptr_eq(arg, &told);
    told.connected++;
    check_told_from_the_loop();
    ck_assert_int_eq(told.connected, 1);
}

static void on_confirmed(void *arg, text_t symbol, bool subscribed)
{
    (void)arg;
    check_told_from_the_loop();
    if (text_equal(symbol, text_of(symbols[0])))
        told.confirmed[subscribed]++;
    if (backend->pushed && subscribed)
        pushed_confirmed();
}

static void on_rejected(void *arg, text_t symbol, text_t reason)
{
    (void)arg;
    check_told_from_the_loop();
    ck_assert_msg(backend->refuses, "%.*s was rejected: %.*s", TEXT_ARG(symbol), TEXT_ARG(reason));
    ck_assert(text_equal(symbol, text_of(symbols[0])));
    told.rejected++;
}

static void on_trade(void *arg, const trade_t *trade, memo_t *memo)
{
    (void)memo;
    (void)arg;
    check_told_from_the_loop();
    trade_t named = *trade;
    const char *wrong;
    named.source = config.name;
    ck_assert_msg(trade_valid(&named, &wrong), "invalid %s", wrong);
    ck_assert_int_eq(named.timestamp_ns, trade->timestamp_ns); /* was set already */
    ck_assert_int_gt(trade->received_ns, 0);
    ck_assert_msg(told.received > 0 || backend->start == recording_start, "a trade, but no message of an exchange");
    told.trades++;
    told.foreign += !text_equal(trade->symbol, text_of(symbols[0]));
    told.trades_since_unsubscribed += told.confirmed[false] > 0 && text_equal(trade->symbol, text_of(symbols[0]));
    if (upon_trade)
        upon_trade(trade);
}

/* As a source does. */
static receipt_t on_offer(void *arg, const trade_t *trade)
{
    bool offered = false;
    for (size_t i = 0; i < config.symbol_count; i++)
        offered |= text_equal(config.symbols[i], trade->symbol);
    if (offered)
        on_trade(arg, trade, NULL);
    return offered ? RECEIPT_TAKEN : RECEIPT_UNKNOWN;
}

static bool on_settle(void *arg, text_t subject, cursor_t *end)
{
    (void)arg, (void)subject;
    *end = (cursor_t){1, (uint64_t)told.trades};
    return true;
}

static void on_tail(void *arg, text_t symbol, uint64_t last_id)
{
    (void)arg, (void)symbol, (void)last_id;
    check_told_from_the_loop();
}

static void on_gap(void *arg, uint64_t expected, uint64_t found)
{
    (void)arg, (void)expected, (void)found;
    check_told_from_the_loop();
    told.gaps++;
}

static void on_malformed(void *arg, const char *reason, text_t sample)
{
    (void)arg;
    check_told_from_the_loop();
    ck_assert_int_gt(strlen(reason), 0);
    ck_assert_uint_le(sample.length, 200);
    told.malformed++;
}

static void on_lost(void *arg, const loss_t *loss)
{
    (void)arg;
    told.lost++;
    check_told_from_the_loop();
    snprintf(told.reason, sizeof told.reason, "%s", loss->reason);
}

static void on_received(void *arg, text_t message, int64_t received_ns)
{
    (void)arg, (void)message;
    check_told_from_the_loop();
    ck_assert_int_gt(received_ns, 0);
    told.received++;
}

static void on_mark(void *arg, const recorded_line_t *mark)
{
    (void)arg, (void)mark;
    check_told_from_the_loop();
}

static const connector_events_t events = {.on_connected = on_connected,
                                          .on_confirmed = on_confirmed,
                                          .on_rejected = on_rejected,
                                          .on_trade = on_trade,
                                          .on_former = on_trade,
                                          .on_tail = on_tail,
                                          .on_gap = on_gap,
                                          .on_malformed = on_malformed,
                                          .on_lost = on_lost,
                                          .on_offer = on_offer,
                                          .on_settle = on_settle,
                                          .on_received = on_received,
                                          .on_mark = on_mark};

/* --- set-up --- */

static text_t symbol_texts[SYMBOLS];

static void begin(int number, int symbol_count)
{
    connector = connector_at((size_t)number);
    backend = backend_of(connector->name);
    ck_assert_msg(backend, "%s has no backend", connector->name);
    for (int i = 0; i < SYMBOLS; i++)
        symbol_texts[i] = text_of(symbols[i]);
    config = (source_config_t){.name = TEXT("exchange"),
                               .connector = backend->name,
                               .url = "ws://localhost:1/",
                               .token = "",
                               .ca = "",
                               .symbols = symbol_texts,
                               .symbol_count = (size_t)symbol_count,
                               .silence_ms = 60000,
                               .messages_per_minute = 1200};
    const schema_key_t *key;
    for (; (key = connector_setting_at(config.setting_count)); config.setting_count++)
        config.settings[config.setting_count] =
            (connector_setting_t){key->path + sizeof SCHEMA_SOURCE - 1, .text = key->type == KEY_TEXT ? key->initial : NULL};
    setting("file")->text = "there-is-none";
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    loop = loop_new();
    web = web_new(loop, 1024);
    folder = folder_new();
    told = (connector_told_t){0};
    upon_trade = NULL;
    dead_port_fd = -1;
    refusals = 0;
}

static void tear_down(void)
{
    if (connector)
        connector->close(instance);
    http_answers_stop(&http_server);
    push_backend_release(&push_backend);
    web_destroy(&web);
    server_release(&server);
    loop_destroy(&loop);
    folder_remove(&folder);
    while (script_length > 0)
        free(script[--script_length]);
    if (dead_port_fd != -1)
        close(dead_port_fd);
}

static void *open_connector(void)
{
    instance = connector->open(loop, web, &config, &events, &told);
    ck_assert_ptr_nonnull(instance);
    return instance;
}

static void call(void (*function)(void *self))
{
    told.inside = true;
    function(instance);
    told.inside = false;
}

/* Over the script as it is now, which begins to play when all symbols are subscribed. */
static void connect_and_subscribe(void)
{
    backend->start();
    open_connector();
    call(connector->connect);
    UNTIL(told.connected);
    for (size_t i = 0; i < config.symbol_count; i++) {
        told.inside = true;
        connector->subscribe(instance, config.symbols[i]);
        told.inside = false;
    }
}
