/* A cached of its own for the tests of write-behind: memory, a store that breaks on demand, a journal. */
#pragma once

#include "cached/archive/write_behind.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "common/clock.h"
#include "common/json/json.h"
#include "common/zeromq/socket.h"
#include "proto/request.h"
#include "tests/unit/fake_store.h"

enum { EPOCH = 7, LIMIT = 100000, PATIENCE_MS = 30000 };

static const text_t topic = {"trade.BTC-USD.test", 18};

static loop_t *loop;
static loop_timer_t *watch;
static catalog_t *catalog;
static write_behind_t *write_behind;
static requester_t *replay;
static socket_t *router;
static uint64_t journal_first; /* replay has all from here on */
static int found, opened, warmed, filled, cleared_calls;
static cursor_t warm_last;
static uint64_t from_store, cleared;
static store_result_t clear_result;

static void look(void *arg)
{
    (void)arg; /* it only wakes the loop, so that run_until looks again */
}

static memory_log_t *memory_log(void)
{
    return catalog_memory_log(catalog, topic);
}

static void append(uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        char json[512] = "";
        cursor_t cursor = {EPOCH, seq};
        ck_assert(
            memory_log_append(memory_log(), &(memory_log_trade_t){cursor, 1, {json, fake_json(json, sizeof json, cursor)}}));
    }
    if (write_behind)
        write_behind_keep(write_behind, memory_log());
}

static void on_found(void *arg, text_t name)
{
    (void)arg, (void)name;
    ck_assert_int_eq(opened, 0);
    found++;
}

static void on_open(void *arg)
{
    (void)arg;
    opened++;
}

static void on_trade(void *arg, memory_log_t *into, const trade_t *trade, text_t json)
{
    (void)arg;
    ck_assert(memory_log_append(into, &(memory_log_trade_t){trade->cursor, 1, json}));
    from_store++;
}

static void on_warmed_up(void *arg, text_t name, cursor_t last)
{
    (void)arg, (void)name;
    warmed++;
    warm_last = last;
}

static void on_full(void *arg)
{
    (void)arg;
    ck_assert(write_behind_warm_up(write_behind));
    filled++;
}

static requester_t *replay_of(void *arg, text_t name)
{
    (void)arg, (void)name;
    return replay;
}

static const write_behind_events_t events = {on_found, on_open, {on_trade, on_warmed_up, on_full}, replay_of};

static void on_cleared(void *arg, store_result_t result, uint64_t count)
{
    (void)arg;
    cleared_calls++;
    clear_result = result;
    cleared = count;
}

/* As connectord's replay: what the journal does not have is missing. */
static void on_range(void *arg, const text_t *frames, size_t count)
{
    (void)arg;
    request_t request;
    buffer_t answer = buffer_new(0);
    ck_assert_uint_eq(count, 3);
    ck_assert(request_parse(frames[2], &request, &answer));
    answer_begin(&answer, &request);
    buffer_append(&answer, TEXT(",\"trades\":["));
    uint64_t seq = request.from.seq, missing = 0, given = 0;
    for (; seq <= request.to.seq && given < request.count; seq++) {
        char json[512] = "";
        if (seq < journal_first) {
            missing++;
            continue;
        }
        buffer_append(&answer, given++ ? TEXT(",") : TEXT(""));
        buffer_append(&answer, (text_t){json, fake_json(json, sizeof json, (cursor_t){EPOCH, seq})});
    }
    buffer_printf(&answer, "],\"missing\":%llu", (unsigned long long)missing);
    if (seq <= request.to.seq)
        buffer_printf(&answer, ",\"next\":\"%d-%llu\"", EPOCH, (unsigned long long)seq);
    buffer_append(&answer, TEXT("}"));
    text_t out[] = {frames[0], frames[1], buffer_text(&answer)};
    ck_assert(socket_send(router, out, 3));
    buffer_release(&answer);
}

static void set_up(void)
{
    static const socket_events_t router_events = {.on_message = on_range};
    memset(&fake, 0, sizeof fake);
    found = opened = warmed = filled = cleared_calls = 0;
    from_store = 0;
    journal_first = 1;
    loop = loop_new();
    watch = loop_timer_new(loop, look, NULL);
    loop_timer_start(watch, 1, 1);
    catalog = catalog_new(LIMIT);
    router = socket_new(loop, SOCKET_ROUTER, 1000, &router_events, NULL);
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "ipc:///tmp/test_archive.%d", (int)getpid());
    ck_assert(socket_bind(router, endpoint));
    replay = requester_new(loop, "replay", (const char *const[]){endpoint}, 1, PATIENCE_MS);
}

static void start(void)
{
    write_behind = write_behind_new(loop, &(write_behind_config_t){&fake_kind, "fake:"}, catalog, &events, NULL);
    ck_assert_ptr_nonnull(write_behind);
}

static void tear_down(void)
{
    write_behind_destroy(&write_behind);
    requester_destroy(&replay);
    socket_destroy(&router);
    loop_timer_destroy(&watch);
    catalog_destroy(&catalog);
    loop_destroy(&loop);
    socket_shutdown();
    char path[64];
    snprintf(path, sizeof path, "/tmp/test_archive.%d", (int)getpid());
    unlink(path);
}

static void run_until(bool (*condition)(void))
{
    int64_t deadline_ns = clock_mono_ns() + PATIENCE_MS * NS_PER_MS;
    while (!condition()) {
        ck_assert_msg(clock_mono_ns() < deadline_ns, "what was waited for did not come");
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    }
}

static bool is_open(void)
{
    return opened > 0;
}

static bool is_level(void)
{
    return write_behind_counts(write_behind).state == WRITE_BEHIND_UP && write_behind_counts(write_behind).lag_trades == 0;
}

static bool is_warm(void)
{
    return opened > 0 && write_behind_warm_up(write_behind);
}

static bool is_away(void)
{
    return write_behind_counts(write_behind).state == WRITE_BEHIND_AWAY;
}

static bool is_refused(void)
{
    return write_behind_counts(write_behind).state == WRITE_BEHIND_REFUSED;
}

static bool is_cleared(void)
{
    return cleared_calls > 0;
}

static bool has_been_swept(void)
{
    return write_behind_counts(write_behind).retained > 0;
}

static bool has_failed_thrice(void)
{
    return write_behind_counts(write_behind).errors >= 3;
}

static void assert_stored(uint64_t from, uint64_t to)
{
    const fake_stream_t *stream = fake_stream(topic);
    ck_assert_uint_eq(stream->count, to - from + 1);
    for (uint64_t seq = from; seq <= to; seq++)
        ck_assert_uint_eq(stream->trades[seq - from].seq, seq);
    ck_assert_uint_eq(stream->place.seq, to);
    ck_assert_int_eq(fake.doubled, 0);
}

/* As if a process before this one had stored them. */
static void store_before(uint64_t from, uint64_t to)
{
    fake_stream_t *stream = fake_stream(topic);
    for (uint64_t seq = from; seq <= to; seq++)
        stream->trades[stream->count++] = (cursor_t){EPOCH, seq};
    stream->place = (cursor_t){EPOCH, to};
}
