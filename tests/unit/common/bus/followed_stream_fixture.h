/* A followed stream without sockets: the test plays the bus (live, reaches) and replay (answer), and writes down what is handed over. */
#pragma once

#include "common/bus/followed_stream.h"
#include "proto/request.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TOPIC "trade.BTC-USD.blockchain"
enum { EPOCH = 1000 };

static followed_stream_t *stream;
static follower_counts_t counts;
static char told[1 << 18]; /* "1 2 [3-5] 6": trades by seq, gaps in brackets; "e2000" where the epoch changes */
static uint64_t epoch;
static uint64_t ended_at; /* the seq at which whoever is told ends the stream; 0: never */

static void tell(const char *format, uint64_t a, uint64_t b)
{
    size_t length = strlen(told);
    ck_assert_uint_lt(length, sizeof told - 64);
    if (length > 0)
        told[length++] = ' ';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(told + length, sizeof told - length, format, a, b);
#pragma GCC diagnostic pop
}

static void on_trade(void *arg, text_t topic, const trade_t *trade, text_t json)
{
    ck_assert_ptr_eq(arg, &counts);
    ck_assert(text_equal(topic, TEXT(TOPIC)));
    trade_t parsed;
    ck_assert(trade_parse(json, &parsed) && parsed.cursor.seq == trade->cursor.seq);
    if (trade->cursor.epoch != epoch)
        tell("e%" PRIu64, epoch = trade->cursor.epoch, 0);
    tell("%" PRIu64, trade->cursor.seq, 0);
    if (trade->cursor.seq == ended_at)
        followed_stream_end(stream);
}

static void on_gap(void *arg, text_t topic, cursor_t from, cursor_t to)
{
    (void)arg, (void)topic;
    if (from.epoch == to.epoch)
        tell("[%" PRIu64 "-%" PRIu64 "]", from.seq, to.seq);
    else
        tell("[%" PRIu64 "-e%" PRIu64 "]", from.seq, to.epoch);
    if (from.seq == ended_at)
        followed_stream_end(stream);
}

static void on_renewed(void *arg, text_t topic, cursor_t former, cursor_t last)
{
    (void)arg, (void)topic;
    tell("(%" PRIu64 "=0 in e%" PRIu64 ")", former.seq, last.epoch);
}

static const stream_sink_t sink = {.on_trade = on_trade, .on_gap = on_gap, .on_renewed = on_renewed};

static text_t json_of(char out[static TRADE_MAX], uint64_t of_epoch, uint64_t seq)
{
    trade_t trade = {.cursor = {of_epoch, seq},
                     .seqnum = seq,
                     .symbol = TEXT("BTC-USD"),
                     .timestamp = TEXT("2025-11-10T17:24:33.9Z"),
                     .side = SIDE_BUY,
                     .qty = TEXT("1"),
                     .price = TEXT("2.50"),
                     .id = TEXT("7"),
                     .source = TEXT("blockchain")};
    return (text_t){out, trade_print(out, &trade)};
}

static void live_in(uint64_t of_epoch, uint64_t seq)
{
    char text[TRADE_MAX];
    text_t json = json_of(text, of_epoch, seq);
    trade_t trade;
    ck_assert(trade_parse(json, &trade));
    followed_stream_live(stream, &trade, json);
}

static void live(uint64_t seq)
{
    live_in(EPOCH, seq);
}

static void reaches(uint64_t seq)
{
    followed_stream_reaches(stream, (cursor_t){EPOCH, seq});
}

/* Expects a request for what follows `from`, and notes it as under way. */
static void expect_request(uint64_t from)
{
    ck_assert(followed_stream_needs_repair(stream));
    buffer_t request = buffer_new(0), answer = buffer_new(0);
    followed_stream_repair_request(stream, &request);
    request_t parsed;
    ck_assert(request_parse(buffer_text(&request), &parsed, &answer));
    ck_assert(text_equal(parsed.op, TEXT("range")) && text_equal(parsed.topic, TEXT(TOPIC)));
    ck_assert_uint_eq(parsed.from.seq, from);
    buffer_release(&request);
    buffer_release(&answer);
    stream->repair = 1;
}

/* Replay has the trades from `first` to `last` of an epoch; next: there is another page. */
static bool answer_in(uint64_t of_epoch, uint64_t first, uint64_t last, bool next)
{
    buffer_t out = buffer_new(0);
    buffer_append(&out, TEXT("{\"ok\":true,\"id\":1,\"trades\":["));
    for (uint64_t seq = first; seq <= last; seq++) {
        char text[TRADE_MAX];
        buffer_append(&out, seq > first ? TEXT(",") : TEXT(""));
        buffer_append(&out, json_of(text, of_epoch, seq));
    }
    buffer_append(&out, TEXT("],\"missing\":0"));
    if (next)
        buffer_printf(&out, ",\"next\":\"%" PRIu64 "-%" PRIu64 "\"", of_epoch, last + 1);
    buffer_append(&out, TEXT("}"));
    bool useful = followed_stream_repaired(stream, buffer_text(&out));
    buffer_release(&out);
    return useful;
}

static bool answer(uint64_t first, uint64_t last)
{
    return answer_in(EPOCH, first, last, false);
}

/* Following behind seq `last`, with nothing under way. */
static void following_behind(uint64_t last)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, last});
    expect_request(last + 1);
    ck_assert(answer(1, 0));
    ck_assert(!followed_stream_needs_repair(stream));
}

static void set_up(void)
{
    counts = (follower_counts_t){0};
    told[0] = '\0';
    epoch = EPOCH;
    ended_at = 0;
    stream = followed_stream_new(TEXT(TOPIC), &counts, &sink, &counts);
    ck_assert(text_equal(stream->symbol, TEXT("BTC-USD")) && text_equal(stream->source, TEXT("blockchain")));
}

static void tear_down(void)
{
    followed_stream_destroy(&stream);
}
