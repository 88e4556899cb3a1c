/* A symbol's backfill.h, played by a test: what it says is a word each, in order.
 *
 *     12 published, 12+ published as one that was asked for, hole 13-14 given up (hole 13-14@15: when 15 was made is told), done 2/1 filled and given
 *     up, done 2/1 late
 */
#pragma once

#include "connectord/backfill/backfill.h"
#include "tests/unit/numbered_trade.h"

#include <stdarg.h>
#include <stdlib.h>

enum { HOLD_MS = 5000, PATIENCE_MS = 60000, PAGE = 10 };

static backfill_t backfill;
static backfill_config_t config;
static past_t past;
static int64_t now_ns;
static char words[4096];

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    size_t length = strlen(words);
    va_list args;
    va_start(args, format);
    vsnprintf(words + length, sizeof words - length, format, args);
    va_end(args);
}

static void on_publish(void *arg, trade_t *trade, bool asked)
{
    ck_assert_ptr_eq(arg, &backfill);
    say("%.*s%s ", TEXT_ARG(trade->id), asked ? "+" : "");
}

static void on_hole(void *arg, id_range_t ids, int64_t after_ns)
{
    ck_assert_ptr_eq(arg, &backfill);
    say("hole %d-%d", (int)ids.from, (int)ids.to - 1);
    if (after_ns > 0)
        say("@%d", (int)((after_ns - numbered_trade_ns(0)) / NS_PER_MS));
    say(" ");
}

static void on_done(void *arg, const backfill_outcome_t *outcome)
{
    ck_assert_ptr_eq(arg, &backfill);
    say("done %d/%d%s ", (int)outcome->filled, (int)outcome->given_up, outcome->late ? " late" : "");
}

static const backfill_events_t events = {on_publish, on_hole, on_done};

static void set_up(void)
{
    now_ns = NS_PER_S;
    words[0] = '\0';
    config = (backfill_config_t){HOLD_MS, PATIENCE_MS};
    past = (past_t){.page = PAGE};
    backfill_init(&backfill, &config, &events, &backfill);
}

static void tear_down(void)
{
    backfill_release(&backfill);
}

/* What was said since the last time. */
static void check_said(const char *expected)
{
    size_t length = strlen(words);
    words[length > 0 ? length - 1 : 0] = '\0';
    ck_assert_str_eq(words, expected);
    words[0] = '\0';
}

static bool take(uint64_t id, backfill_origin_t origin)
{
    trade_t trade = numbered_trade(id);
    return backfill_take(&backfill, &trade, id, origin, now_ns);
}

/* Up to a 0. */
static void take_all(backfill_origin_t origin, const int *ids)
{
    for (; *ids > 0; ids++)
        take((uint64_t)*ids, origin);
}

#define LIVE(...)   take_all(BACKFILL_LIVE, (const int[]){__VA_ARGS__, 0})
#define FORMER(...) take_all(BACKFILL_FORMER, (const int[]){__VA_ARGS__, 0})

static void wait_ms(int ms)
{
    now_ns += ms * NS_PER_MS;
}

/* How long until backfill_due is to be called; -1: for ever. */
static int next_ms(void)
{
    int64_t next_ns = backfill_next_ns(&backfill);
    return next_ns == INT64_MAX ? -1 : (int)((next_ns - now_ns) / NS_PER_MS);
}

/* The id behind which a question, which is asked, begins; -1: there is none now. */
static int ask(void)
{
    past_place_t place;
    if (!backfill_due(&backfill, now_ns, &place))
        return -1;
    backfill_asked(&backfill, &place);
    return (int)place.id;
}

/* Waits until it is due. */
static int ask_in_time(void)
{
    int ms = next_ms();
    ck_assert_int_ge(ms, 0);
    if (ms > 0)
        ck_assert_int_eq(ask(), -1);
    wait_ms(ms);
    return ask();
}

static void answer_all(const int *ids)
{
    take_all(BACKFILL_ASKED, ids);
    backfill_answered(&backfill, &past, now_ns);
}

#define ANSWER(...) answer_all((const int[]){__VA_ARGS__, 0})

static inline void answer_nothing(void)
{
    backfill_answered(&backfill, &past, now_ns);
}

static inline void answer_failed(void)
{
    backfill_unanswered(&backfill, now_ns);
}

static inline void resume(void)
{
    backfill_resume(&backfill, now_ns);
}

/* It was asked for from this id on, and given up in the end. */
static inline void answer_nothing_until_given_up(int from)
{
    for (int i = 0; i < BACKFILL_TRIES; i++) {
        ck_assert_int_eq(ask_in_time(), from - 1);
        answer_nothing();
    }
}

/* Waits for the next question, over the end of a hold. False: there will be none. */
static inline bool ask_again(void)
{
    while (ask() < 0) {
        if (next_ms() < 0)
            return false;
        wait_ms(next_ms());
    }
    return true;
}

static inline void fail_until_done(void)
{
    do
        answer_failed();
    while (ask_again());
}
