/* A connector that the test plays. What is called of it, and what the test notes of what is told upwards, is a word each, in order. */
#pragma once

#include "common/clock.h"
#include "common/log.h"
#include "connectord/connectors/connector.h"
#include "connectord/connectors/source_config.h"
#include "connectord/health/trade_rate.h"
#include "tests/unit/run_tests.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { FAKES_MAX = 4 };

/* A connector's instance: its number is that of its opening. */
typedef struct {
    const connector_events_t *up; /* the source's */
    void *arg;
    const source_config_t *config;
    size_t number;
} fake_t;

static char calls[4096];
static loop_t *loop;
static source_config_t settings;
static fake_t fakes[FAKES_MAX];
static size_t opened, opens; /* how many there are, and may be */
static bool numbered;        /* words have the instance's number */
static bool duplicate;       /* trades are */

static inline void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline void note(const char *format, ...)
{
    size_t length = strlen(calls);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(calls + length, sizeof calls - length, format, arguments);
    va_end(arguments);
    strncat(calls, " ", sizeof calls - strlen(calls) - 1);
    uv_stop(loop_uv(loop)); /* so that wait_for looks before the loop sleeps */
}

/* What has been noted since the last call. */
static inline void check_calls(const char *wanted)
{
    if (calls[0] != '\0')
        calls[strlen(calls) - 1] = '\0';
    ck_assert_str_eq(calls, wanted);
    calls[0] = '\0';
}

/* Runs the loop until the word has been noted. */
static inline void wait_for(const char *word)
{
    while (!strstr(calls, word))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

/* … until something has. */
static inline void wait_for_call(void)
{
    while (calls[0] == '\0')
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void (*feed_trades)(void);
static unsigned fed;
static int64_t fed_ns;

/* A timer that was late is early the next time: what comes so soon would belong to the arrival before, and teach nothing. */
static inline void on_feed(void *arg)
{
    (void)arg;
    if (clock_mono_ns() - fed_ns < TRADE_RATE_BURST_MS * NS_PER_MS)
        return;
    feed_trades();
    fed++;
    fed_ns = clock_mono_ns();
}

/* Trades at a pace that takes little time to learn, until it is learned. */
static inline void feed_until_learned(void (*trades)(void))
{
    feed_trades = trades;
    fed = 0;
    loop_timer_t *pace = loop_timer_new(loop, on_feed, NULL);
    loop_timer_start(pace, 0, TRADE_RATE_BURST_MS + 1);
    while (fed <= TRADE_RATE_LEARN)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    loop_timer_destroy(&pace);
    calls[0] = '\0';
}

static inline void on_later(void *arg)
{
    (void)arg;
    note("later");
}

/* Lets the loop do what it still would for so long. */
static inline void run_on(uint64_t ms)
{
    loop_timer_t *timer = loop_timer_new(loop, on_later, NULL);
    loop_timer_start(timer, ms, 0);
    wait_for("later");
    loop_timer_destroy(&timer);
}

static inline void *fake_open(loop_t *l, web_t *web, const source_config_t *config, const connector_events_t *events, void *arg)
{
    (void)l, (void)web;
    if (opened == opens)
        return NULL;
    fakes[opened] = (fake_t){events, arg, config, opened};
    return &fakes[opened++];
}

static inline void note_of(const fake_t *self, const char *word, const char *mark, text_t symbol)
{
    if (numbered)
        note("%s%zu%s%.*s", word, self->number, mark, TEXT_ARG(symbol));
    else
        note("%s%.*s", word, TEXT_ARG(symbol));
}

static inline void fake_connect(void *self)
{
    note_of(self, "connect", "", TEXT(""));
}

static inline void fake_disconnect(void *self)
{
    note_of(self, "disconnect", "", TEXT(""));
}

static inline void fake_subscribe(void *self, text_t symbol)
{
    note_of(self, "+", ":", symbol);
}

static inline void fake_unsubscribe(void *self, text_t symbol)
{
    note_of(self, "-", ":", symbol);
}

/* A usual loss. */
static inline void fake_lose(size_t number, const char *reason)
{
    fakes[number].up->on_lost(fakes[number].arg, &(loss_t){.reason = reason});
}

static inline void fake_close(void *self)
{
    if (self)
        note_of(self, "close", "", TEXT(""));
}

static const connector_t fake = {.name = "fake",
                                 .open = fake_open,
                                 .connect = fake_connect,
                                 .disconnect = fake_disconnect,
                                 .subscribe = fake_subscribe,
                                 .unsubscribe = fake_unsubscribe,
                                 .close = fake_close};

/* A loop, and settings of a source with these symbols, which the source or the lines take. */
static inline void fake_set_up(const char *const *symbols, size_t count)
{
    calls[0] = '\0';
    opened = 0;
    opens = FAKES_MAX;
    numbered = duplicate = false;
    loop = loop_new();
    settings = (source_config_t){.name = TEXT("exchange"),
                                 .connector = "fake",
                                 .confirm_ms = 3600000,
                                 .backoff = {.initial_ms = 1, .maximum_ms = 8, .multiplier = 2.0, .jitter = 0.0}};
    settings.symbols = calloc(count, sizeof *settings.symbols);
    ck_assert_ptr_nonnull(settings.symbols);
    for (size_t i = 0; i < count; i++)
        settings.symbols[settings.symbol_count++] = text_of(symbols[i]);
    log_set_level(LOG_LEVEL_ERROR);
}
