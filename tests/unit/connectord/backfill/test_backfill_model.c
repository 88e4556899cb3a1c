/* An exchange, its feed and its answers, with everything that goes wrong with them: in the end each trade has been published once. */
#include "connectord/backfill/backfill.h"
#include "tests/unit/numbered_trade.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>
#include <string.h>

enum {
    RUNS = 1500,
    IDS = 150,
    PAGE_MAX = 20,
    OVERLAP_MAX = 4,
    QUEUE = 3,
    LATER = 8,
    FAULTS_MAX = 2,
    TICKS_MAX = 1000000,
    TICK_MS = 10
};

typedef enum { WHOLE, EMPTY, ONE_MISSING, OVERLAP, SHUFFLED, CUT, REFUSED, FAULTS } answer_fault_t;

static uint64_t state;
static unsigned run;
static backfill_t backfill;
static backfill_config_t config;
static past_t past;
static int64_t now_ns;

static struct {
    bool exists[IDS + 1]; /* an id that does not is skipped by the exchange */
    uint64_t made;        /* up to this id */
    bool connected, ends; /* nothing goes wrong with the feed at the end */
    uint64_t queue[QUEUE], later[LATER];
    size_t queued, laters;
    past_place_t asked;
    int64_t answer_ns; /* 0: nothing is asked */
    int faults;        /* answers without what was asked for, one after the other */
} exchange;

static struct {
    uint64_t last;
    unsigned published[IDS + 1], hole[IDS + 1], held_ended;
} seen;

static uint64_t random_below(uint64_t bound)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % bound;
}

static bool chance(unsigned percent)
{
    return random_below(100) < percent;
}

/* --- what is published --- */

static void on_publish(void *arg, trade_t *trade, bool asked)
{
    uint64_t id;
    (void)arg, (void)asked;
    if (!text_to_u64(trade->id, &id) || id > IDS || trade->timestamp_ns != numbered_trade_ns(id))
        ck_abort_msg("run %u: published %.*s", run, TEXT_ARG(trade->id));
    if (id < seen.last && config.hold_ms == UINT32_MAX)
        ck_abort_msg("run %u: %d published after %d", run, (int)id, (int)seen.last);
    seen.last = id;
    seen.published[id]++;
}

static void on_hole(void *arg, id_range_t ids, int64_t after_ns)
{
    (void)arg, (void)after_ns;
    for (uint64_t id = ids.from; id < ids.to; id++)
        seen.hole[id]++;
}

static void on_done(void *arg, const backfill_outcome_t *outcome)
{
    (void)arg, (void)outcome;
    if (backfill_missing(&backfill) != 0 || held_trades_count(&backfill.held) != 0)
        ck_abort_msg("run %u: done, but %d are missing", run, (int)backfill_missing(&backfill));
}

static const backfill_events_t events = {on_publish, on_hole, on_done};

static void take(uint64_t id, backfill_origin_t origin)
{
    trade_t trade = numbered_trade(id);
    backfill_take(&backfill, &trade, id, origin, now_ns);
}

/* --- the feed --- */

static void deliver(size_t at)
{
    uint64_t id = exchange.queue[at];
    memmove(&exchange.queue[at], &exchange.queue[at + 1], (--exchange.queued - at) * sizeof id);
    take(id, BACKFILL_LIVE);
    if (chance(5))
        take(id, BACKFILL_LIVE);
}

static void make_trade(void)
{
    uint64_t id = ++exchange.made;
    if (!exchange.exists[id] || !exchange.connected || (!exchange.ends && chance(7)))
        return;
    if (!exchange.ends && chance(5) && exchange.laters < LATER) {
        exchange.later[exchange.laters++] = id; /* over another line, say */
        return;
    }
    if (exchange.queued == QUEUE)
        deliver(random_below(QUEUE));
    exchange.queue[exchange.queued++] = id;
}

static void connect(void)
{
    exchange.connected = true;
    backfill_resume(&backfill, now_ns);
    for (uint64_t id = chance(40) ? exchange.made - random_below(5) : IDS + 1; id <= exchange.made; id++)
        if (id > 0 && exchange.exists[id])
            take(id, BACKFILL_FORMER);
}

static void tell_tail(void)
{
    uint64_t id = exchange.made;
    while (!exchange.exists[id])
        id--;
    if (exchange.connected)
        backfill_tail(&backfill, id, now_ns);
}

static void play_feed(void)
{
    if (exchange.made < IDS && chance(30))
        make_trade();
    if (exchange.queued > 0 && chance(30))
        deliver(exchange.ends ? 0 : random_below(exchange.queued));
    if (exchange.laters > 0 && chance(3))
        take(exchange.later[--exchange.laters], BACKFILL_LIVE);
    if (chance(2))
        tell_tail();
    if (exchange.connected && !exchange.ends && chance(1)) {
        exchange.connected = false;
        exchange.queued = 0;
    } else if (!exchange.connected && (exchange.ends || chance(3))) {
        connect();
    }
}

/* --- the answers --- */

static size_t find_page(uint64_t page[static PAGE_MAX], uint64_t behind)
{
    size_t count = 0;
    for (uint64_t id = behind + 1; id <= exchange.made && count < past.page && (!past.window || id <= behind + past.page); id++)
        if (exchange.exists[id])
            page[count++] = id;
    return count;
}

static void shuffle(uint64_t *ids, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = random_below(i);
        uint64_t id = ids[i - 1];
        ids[i - 1] = ids[other];
        ids[other] = id;
    }
}

/* What the exchange has, but for a fault: never so often that it seems not to have it. */
static answer_fault_t next_fault(void)
{
    answer_fault_t fault = chance(50) ? (answer_fault_t)random_below(FAULTS) : WHOLE;
    bool hides = fault == EMPTY || fault == ONE_MISSING || fault == CUT;
    if (hides && exchange.faults >= FAULTS_MAX)
        return SHUFFLED;
    exchange.faults = hides ? exchange.faults + 1 : fault == REFUSED ? exchange.faults : 0;
    return fault;
}

static void answer(void)
{
    uint64_t page[PAGE_MAX], behind = exchange.asked.id;
    answer_fault_t fault = next_fault();
    if (fault == OVERLAP)
        behind -= random_below(behind < OVERLAP_MAX ? behind : OVERLAP_MAX);
    size_t count = fault == REFUSED || fault == EMPTY ? 0 : find_page(page, behind);
    if (fault == SHUFFLED)
        shuffle(page, count);
    if (fault == CUT)
        count /= 2;
    size_t left_out = fault == ONE_MISSING ? random_below(count + 1) : SIZE_MAX;
    exchange.answer_ns = 0;
    for (size_t i = 0; i < count; i++)
        if (i != left_out)
            take(page[i], BACKFILL_ASKED);
    if (fault == CUT || fault == REFUSED)
        backfill_unanswered(&backfill, now_ns);
    else
        backfill_answered(&backfill, &past, now_ns);
}

static void ask_and_answer(void)
{
    if (exchange.answer_ns > 0 && now_ns >= exchange.answer_ns)
        answer();
    if (backfill_next_ns(&backfill) > now_ns || !backfill_due(&backfill, now_ns, &exchange.asked))
        return;
    if (exchange.answer_ns > 0)
        ck_abort_msg("run %u: two questions at a time", run);
    backfill_asked(&backfill, &exchange.asked);
    exchange.answer_ns = now_ns + (int64_t)random_below(200) * NS_PER_MS;
}

/* --- a run --- */

static void tick(void)
{
    now_ns += TICK_MS * NS_PER_MS;
    exchange.ends = exchange.made >= IDS - 1;
    play_feed();
    ask_and_answer();
}

static bool is_over(void)
{
    return exchange.made == IDS && exchange.queued == 0 && exchange.laters == 0 && exchange.connected && !backfill.busy &&
           backfill.line.next > IDS;
}

/* Some trades of the time before the start are known; what is missing between them comes late. */
static void begin(void)
{
    exchange.made = config.hold_ms == UINT32_MAX ? 1 : 20;
    for (uint64_t id = 1; id <= exchange.made; id++)
        if (exchange.exists[id] && (id == 1 || chance(70))) {
            seen.published[id]++;
            backfill_had(&backfill, id, numbered_trade_ns(id));
        }
    seen.last = 1;
    backfill_resume(&backfill, now_ns);
}

static void play(unsigned percent_skipped)
{
    memset(&exchange, 0, sizeof exchange);
    memset(&seen, 0, sizeof seen);
    now_ns = NS_PER_S;
    state = run * 7919 + 1;
    for (uint64_t id = 1; id <= IDS; id++)
        exchange.exists[id] = id == 1 || id == IDS || !chance(percent_skipped);
    past = (past_t){.page = OVERLAP_MAX + random_below(PAGE_MAX - OVERLAP_MAX), .window = chance(30)};
    backfill_init(&backfill, &config, &events, NULL);
    begin();
    for (int ticks = 0; !is_over(); ticks++) {
        tick();
        if (ticks == TICKS_MAX)
            ck_abort_msg("run %u does not end: %d are missing", run, (int)backfill_missing(&backfill));
    }
    backfill_release(&backfill);
}

static void check_all(void)
{
    for (uint64_t id = 1; id <= IDS; id++)
        if (seen.published[id] != exchange.exists[id] || seen.hole[id] != !exchange.exists[id])
            ck_abort_msg("run %u: %d was published %u times, and given up %u times", run, (int)id, seen.published[id],
                         seen.hole[id]);
}

static void play_many(uint32_t hold_ms, unsigned percent_skipped)
{
    config = (backfill_config_t){hold_ms, UINT32_MAX};
    for (run = 0; run < RUNS; run++) {
        play(percent_skipped);
        check_all();
    }
}

START_TEST(each_trade_is_published_once_and_in_order_while_the_hold_lasts)
{
    play_many(UINT32_MAX, 0);
}
END_TEST

START_TEST(each_trade_is_published_once_when_holds_end)
{
    play_many(200, 0);
}
END_TEST

START_TEST(ids_that_never_come_are_holes_and_nothing_else_is)
{
    play_many(UINT32_MAX, 3);
}
END_TEST

START_TEST(ids_that_never_come_are_holes_when_holds_end)
{
    play_many(200, 3);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        each_trade_is_published_once_and_in_order_while_the_hold_lasts, each_trade_is_published_once_when_holds_end,
        ids_that_never_come_are_holes_and_nothing_else_is, ids_that_never_come_are_holes_when_holds_end};
    return RUN_TESTS("backfill_model", TEST_CASE_WITHIN(30, NULL, NULL, tests));
}
