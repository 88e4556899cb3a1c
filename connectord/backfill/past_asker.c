#include "connectord/backfill/past_asker.h"

#include "common/array.h"
#include "common/clock.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOK_MIN_MS = 5, LOOK_MAX_MS = 100 /* a hold may end while a host is waited for */, SAMPLE_MAX = 200, OK = 200 };

struct past_asker {
    past_asker_config_t config;
    const char *url;
    past_asker_agrees_fn *agrees;
    rest_host_t *host;
    loop_timer_t *timer;
    asked_symbol_t **symbols; /* those to look after */
    size_t count, room;
    size_t turn; /* whose question is next */
    past_asker_counts_t counts;
    buffer_t path;
    log_limit_t failed_limit, malformed_limit, contradiction_limit;
};

static void contradict(past_asker_t *self, const asked_symbol_t *symbol, const trade_t *trade)
{
    self->counts.contradictions++;
    log_warn_limited(&self->contradiction_limit, "backfill: an answer contradicts the feed, which is believed",
                     LOG_SLICE("source", self->config.source), LOG_SLICE("symbol", symbol->symbol), LOG_SLICE("id", trade->id),
                     LOG_SLICE("price", trade->price), LOG_SLICE("qty", trade->qty));
}

/* One trade of an answer. What is known is compared with what was taken before. */
static void on_trade(void *arg, const trade_t *found, uint64_t id)
{
    asked_symbol_t *symbol = arg;
    past_asker_t *self = symbol->asker;
    trade_t trade = *found, held = {0};
    if (id > symbol->backfill.line.next + PAST_JUMP_MAX) {
        self->counts.malformed++;
        return;
    }
    trade.source = self->config.source;
    trade.received_ns = clock_real_ns();
    bool is_held = held_trades_find(&symbol->backfill.held, id, &held);
    if (is_held || id_line_look(&symbol->backfill.line, id) == ID_KNOWN) {
        if (!self->agrees(symbol, &trade, is_held ? &held : NULL))
            contradict(self, symbol, &trade);
    } else {
        self->counts.trades++;
    }
    backfill_take(&symbol->backfill, &trade, id, BACKFILL_ASKED, clock_mono_ns());
}

static void fail(past_asker_t *self, asked_symbol_t *symbol, const char *reason, text_t sample)
{
    self->counts.failures++;
    log_warn_limited(&self->failed_limit, "backfill: no answer that is of use", LOG_SLICE("source", self->config.source),
                     LOG_SLICE("symbol", symbol->symbol), LOG_TEXT("reason", reason),
                     LOG_SLICE("sample", text_cut(sample, SAMPLE_MAX)));
    backfill_unanswered(&symbol->backfill, clock_mono_ns());
}

static void read_answer(past_asker_t *self, asked_symbol_t *symbol, text_t body)
{
    char error[PAST_ERROR_MAX] = "";
    bool read = self->config.past->read_trades(body, symbol->symbol, on_trade, symbol, error);
    if (!read) {
        fail(self, symbol, error, body);
        return;
    }
    if (error[0] != '\0') {
        self->counts.malformed++;
        log_warn_limited(&self->malformed_limit, "backfill: malformed record", LOG_SLICE("source", self->config.source),
                         LOG_SLICE("symbol", symbol->symbol), LOG_TEXT("reason", error));
    }
    backfill_answered(&symbol->backfill, self->config.past, clock_mono_ns());
}

static void forget(asked_symbol_t *symbol)
{
    past_asker_t *self = symbol->asker;
    if (symbol->number == 0)
        return;
    asked_symbol_t *last = self->symbols[--self->count];
    self->symbols[symbol->number - 1] = last;
    last->number = symbol->number;
    symbol->number = 0;
    rest_host_hurry(self->host, false);
}

/* When to look again; what waits for its host is due, and the host says when. */
static void plan(past_asker_t *self)
{
    int64_t now_ns = clock_mono_ns(), next_ns = INT64_MAX;
    for (size_t i = self->count; i-- > 0;) {
        int64_t symbol_ns = backfill_next_ns(&self->symbols[i]->backfill);
        if (symbol_ns == INT64_MAX && !self->symbols[i]->transfer)
            forget(self->symbols[i]);
        else
            next_ns = symbol_ns < next_ns ? symbol_ns : next_ns;
    }
    if (self->count == 0)
        return;
    uint64_t wait_ms = next_ns > now_ns ? (uint64_t)((next_ns - now_ns) / NS_PER_MS) + 1 : rest_host_wait_ms(self->host);
    wait_ms = wait_ms < LOOK_MIN_MS ? LOOK_MIN_MS : wait_ms > LOOK_MAX_MS ? LOOK_MAX_MS : wait_ms;
    loop_timer_start(self->timer, wait_ms, 0);
}

static void on_answer(void *arg, const http_client_answer_t *answer)
{
    asked_symbol_t *symbol = arg;
    past_asker_t *self = symbol->asker;
    char reason[64];
    symbol->transfer = NULL;
    rest_host_answered(self->host, answer);
    snprintf(reason, sizeof reason, "status: expected 200, found %u", answer->status);
    if (answer->result == HTTP_CLIENT_ANSWERED && answer->status == OK)
        read_answer(self, symbol, answer->body);
    else
        fail(self, symbol, answer->result == HTTP_CLIENT_ANSWERED ? reason : answer->error, answer->body);
    plan(self);
}

static void ask(past_asker_t *self, asked_symbol_t *symbol, const past_place_t *place)
{
    char error[HTTP_CLIENT_ERROR_MAX];
    buffer_clear(&self->path);
    self->config.past->print_trades(&self->path, symbol->symbol, place);
    const rest_question_t question = {self->url, buffer_text(&self->path), self->config.past->header};
    self->counts.requests++;
    backfill_asked(&symbol->backfill, place);
    symbol->transfer = rest_host_ask(self->host, &question, on_answer, symbol, error);
    if (!symbol->transfer)
        fail(self, symbol, error, (text_t){"", 0});
}

/* Those whose trades are held, or the others. One that is whole need not be looked after. */
static void look_at(past_asker_t *self, bool holding)
{
    past_place_t place;
    size_t turn = self->turn;
    for (size_t i = 0; i < self->count; i++) {
        asked_symbol_t *symbol = self->symbols[(turn + i) % self->count];
        if ((held_trades_count(&symbol->backfill.held) > 0) != holding ||
            !backfill_due(&symbol->backfill, clock_mono_ns(), &place) || rest_host_wait_ms(self->host) > 0)
            continue;
        self->turn = (turn + i + 1) % self->count;
        ask(self, symbol, &place);
    }
}

static void on_timer(void *arg)
{
    past_asker_t *self = arg;
    look_at(self, true);
    look_at(self, false);
    plan(self);
}

past_asker_t *past_asker_new(loop_t *loop, rest_hosts_t *hosts, const past_asker_config_t *config, past_asker_agrees_fn *agrees)
{
    const past_t *past = config->past;
    bool bounded = config->requests_per_minute > 0;
    past_asker_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->agrees = agrees;
    self->url = config->url[0] != '\0' ? config->url : past->url;
    self->path = buffer_new(HTTP_CLIENT_URL_MAX);
    self->timer = loop_timer_new(loop, on_timer, self);
    self->host = rest_hosts_find(hosts, self->url, config->ca, bounded ? config->requests_per_minute : past->requests,
                                 bounded ? 60000 : past->interval_ms);
    if (!self->timer || !self->host)
        past_asker_destroy(&self);
    return self;
}

void past_asker_destroy(past_asker_t **self_ref)
{
    past_asker_t *self = *self_ref;
    if (!self)
        return;
    loop_timer_destroy(&self->timer);
    buffer_release(&self->path);
    free(self->symbols);
    free(self);
    *self_ref = NULL;
}

/* Without memory it is not looked after now, but when it says something again. */
void past_asker_look_after(asked_symbol_t *symbol)
{
    past_asker_t *self = symbol->asker;
    if (symbol->number > 0 || backfill_next_ns(&symbol->backfill) == INT64_MAX ||
        !ARRAY_RESERVE(&self->symbols, &self->room, self->count + 1, ARRAY_UNBOUNDED))
        return;
    self->symbols[self->count++] = symbol;
    symbol->number = self->count;
    rest_host_hurry(self->host, true);
    loop_timer_start(self->timer, LOOK_MIN_MS, 0);
}

void past_asker_leave(asked_symbol_t *symbol)
{
    if (symbol->transfer) {
        http_transfer_cancel(&symbol->transfer);
        rest_host_answered(symbol->asker->host, NULL);
        backfill_cancelled(&symbol->backfill);
    }
    forget(symbol);
}

const past_asker_counts_t *past_asker_counts(const past_asker_t *self)
{
    return &self->counts;
}
