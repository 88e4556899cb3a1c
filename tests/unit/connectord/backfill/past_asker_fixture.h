/* past_asker.h with an exchange that numbers its trades, and has up to `made` of each symbol. */
#pragma once

#include "common/clock.h"
#include "common/log.h"
#include "connectord/backfill/past_asker.h"
#include "tests/unit/http_answers.h"
#include "tests/unit/numbered_trade.h"

#include <ctype.h>

enum { SYMBOLS = 6, HOLD_MS = 60000, PATIENCE_MS = 600000, PAGE = 10, MANY = 1000, MINUTE_MS = 60000 };

static loop_t *loop;
static rest_hosts_t *hosts;
static past_asker_t *asker;
static past_asker_config_t config;
static past_t past;
static http_answers_t server;
static backfill_config_t times;

/* What is published of a symbol, a word each: the id, with a + where it was asked for; and "done". */
typedef struct {
    asked_symbol_t asked; /* first: what is asked for is a symbol */
    char words[400];
} symbol_t;

static symbol_t symbols[SYMBOLS];
static symbol_t *const btc = &symbols[0], *const eth = &symbols[1];
static const char *const names[SYMBOLS] = {"BTC-USD", "ETH-USD", "SOL-USD", "ADA-USD", "XRP-USD", "LTC-USD"};

/* --- the exchange: a body is ids and blanks; "7!" is 7 with another price, and what begins with a letter is no trade --- */

static int made;
static const char *first_status, *first_headers, *first_body; /* of the first answer; NULL: it is good, too */
static size_t first_blanks;                                   /* … in front of it */

static void print_trades(buffer_t *out, text_t symbol, const past_place_t *place)
{
    buffer_printf(out, "/%.*s?after=%d", TEXT_ARG(symbol), (int)place->id);
}

static void read_word(const char *word, past_trade_fn *on_trade, void *arg, char error[static PAST_ERROR_MAX])
{
    char *end;
    unsigned long id = strtoul(word, &end, 10);
    trade_t trade = numbered_trade(id);
    if (*end == '!')
        trade.price = TEXT("0.01");
    if (isalpha((unsigned char)*word))
        snprintf(error, PAST_ERROR_MAX, "trade: expected an id");
    else
        on_trade(arg, &trade, id);
}

static bool read_trades(text_t body, text_t symbol, past_trade_fn *on_trade, void *arg, char error[static PAST_ERROR_MAX])
{
    (void)symbol;
    if (body.length > 0 && body.at[0] == '<') {
        snprintf(error, PAST_ERROR_MAX, "expected ids, found HTML");
        return false;
    }
    char *text = strndup(body.at, body.length), *rest = text;
    for (char *word; (word = strtok_r(rest, " ", &rest));)
        read_word(word, on_trade, arg, error);
    free(text);
    return true;
}

static void print_page(buffer_t *body, const char *request)
{
    long after = strtol(strstr(request, "after=") + strlen("after="), NULL, 10);
    for (long id = after + 1; id <= made && id <= after + PAGE; id++)
        buffer_printf(body, "%ld ", id);
}

static void answer(http_answers_t *self, const char *request, buffer_t *out)
{
    bool first = self->requests == 1 && first_status;
    buffer_t body = buffer_new(0);
    for (size_t i = 0; first && i < first_blanks; i++)
        buffer_append(&body, TEXT(" "));
    if (first)
        buffer_append(&body, text_of(first_body));
    else
        print_page(&body, request);
    http_answers_print(out, first ? first_status : "200 OK", first ? first_headers : "", buffer_text(&body));
    buffer_release(&body);
}

/* --- what becomes of it --- */

static void say(symbol_t *symbol, text_t word, bool asked)
{
    size_t length = strlen(symbol->words);
    snprintf(symbol->words + length, sizeof symbol->words - length, "%.*s%s ", TEXT_ARG(word), asked ? "+" : "");
}

static void on_publish(void *arg, trade_t *trade, bool asked)
{
    ck_assert(text_equal(trade->source, TEXT("coinbase")));
    ck_assert(trade->received_ns > 0);
    ck_assert(!text_equal(trade->price, TEXT("0.01")));
    say(arg, trade->id, asked);
}

static void on_hole(void *arg, id_range_t ids, int64_t after_ns)
{
    (void)ids, (void)after_ns;
    say(arg, TEXT("hole"), false);
}

static void on_done(void *arg, const backfill_outcome_t *outcome)
{
    (void)outcome;
    say(arg, TEXT("done"), false);
}

static const backfill_events_t events = {on_publish, on_hole, on_done};

static bool agrees(asked_symbol_t *symbol, const trade_t *trade, const trade_t *held)
{
    (void)symbol;
    ck_assert(!held || text_equal(held->id, trade->id));
    return !text_equal(trade->price, TEXT("0.01"));
}

/* --- */

static void open_asker(uint32_t requests)
{
    past.requests = requests;
    asker = past_asker_new(loop, hosts, &config, agrees);
    ck_assert_ptr_nonnull(asker);
    for (int i = 0; i < SYMBOLS; i++) {
        symbols[i] = (symbol_t){.asked = {.symbol = text_of(names[i]), .asker = asker}};
        backfill_init(&symbols[i].asked.backfill, &times, &events, &symbols[i]);
    }
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    made = 5;
    first_status = NULL;
    first_headers = first_body = "";
    first_blanks = 0;
    times = (backfill_config_t){HOLD_MS, PATIENCE_MS};
    loop = loop_new();
    http_answers_start(&server, loop, answer);
    hosts = rest_hosts_new(loop);
    past = (past_t){.interval_ms = MINUTE_MS, .page = PAGE, .print_trades = print_trades, .read_trades = read_trades};
    config = (past_asker_config_t){.past = &past, .url = server.url, .ca = "", .source = TEXT("coinbase")};
}

static void set_up_open(void)
{
    set_up();
    open_asker(MANY);
}

static void tear_down(void)
{
    for (int i = 0; i < SYMBOLS; i++) {
        past_asker_leave(&symbols[i].asked);
        backfill_release(&symbols[i].asked.backfill);
    }
    past_asker_destroy(&asker);
    rest_hosts_destroy(&hosts);
    http_answers_stop(&server);
    loop_destroy(&loop);
}

static void live(symbol_t *symbol, uint64_t id)
{
    trade_t trade = numbered_trade(id);
    backfill_take(&symbol->asked.backfill, &trade, id, BACKFILL_LIVE, clock_mono_ns());
}

/* It is to be asked now, and not after a pause. */
static void hurry(symbol_t *symbol)
{
    symbol->asked.backfill.ask_ns = 0;
    past_asker_look_after(&symbol->asked);
}

/* 2 to 4 are missing, and 5 is held. */
static void lose_some(symbol_t *symbol)
{
    live(symbol, 1);
    live(symbol, 5);
    hurry(symbol);
}

static void run_until_done(symbol_t *symbol)
{
    while (symbol->asked.backfill.busy)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void run_until_failed(uint64_t failures)
{
    while (past_asker_counts(asker)->failures < failures)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

/* Long enough for whatever is due to happen. */
static inline void run_for_ms(int ms)
{
    int64_t end_ns = clock_mono_ns() + ms * NS_PER_MS;
    while (clock_mono_ns() < end_ns)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static inline uint64_t host_wait_ms(void)
{
    return rest_host_wait_ms(rest_hosts_find(hosts, server.url, "", 1, 1));
}
