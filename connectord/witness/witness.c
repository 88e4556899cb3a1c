#include "connectord/witness/witness.h"

#include "common/array.h"
#include "common/log.h"
#include "connectord/witness/checked_until.h"
#include "connectord/witness/journal_span.h"
#include "proto/record.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    REACH_MINUTES = 1440, /* what is longer ago is not compared */
    SLACK_MS = 60000,     /* between the clocks of the exchange and of this machine, and for answers */
    SLICE_TRADES = 1000,  /* are read in a turn … */
    SLICE_LOOK = 50,      /* … or, looking at the clock after so many, … */
    SLICE_US = 1000,      /* … for so long */
    PAUSE_MS = 4,         /* then others have their turn */
    TICK_MIN_MS = 20,     /* how often to look for what is due */
    TICK_MAX_MS = 1000,
    LATER_MS = 5000, /* one that is not ready is looked at again */
    TRIES = 64,      /* symbols are looked at in a turn */
    SAMPLE_MAX = 200,
    OK = 200
};

struct witness {
    journal_t *journal;
    witness_config_t config;
    const char *url;
    const witness_events_t *events;
    rest_host_t *host;
    loop_timer_t *timer;
    witnessed_t **symbols;
    size_t count, room;
    int64_t newest_ns;         /* trade of the source, as far as was seen */
    witnessed_t *current;      /* one is compared … */
    int64_t until_ns;          /* … up to then, in this round … */
    int64_t to_ns;             /* … and up to then by the question */
    http_transfer_t *transfer; /* a question under way; NULL: the journal is read */
    journal_span_t span;
    minute_sums_t *sums;
    buffer_t path;
    witness_counts_t counts;
    log_limit_t failed_limit, short_limit, more_limit;
};

static void leave_for_ms(witnessed_t *symbol, uint32_t ms, bool goes_on)
{
    symbol->due_ns = clock_mono_ns() + ms * NS_PER_MS;
    symbol->goes_on = goes_on;
}

/* --- what is told --- */

static void on_tell(void *arg, const coverage_t *coverage)
{
    witness_t *self = arg;
    if (coverage->state == COVERAGE_SHORT)
        log_warn_limited(&self->short_limit, "witness: trades are missing, by the exchange's own candles",
                         LOG_SLICE("source", self->config.source), LOG_SLICE("symbol", self->current->symbol),
                         LOG_SLICE("volume", coverage->missing_volume), LOG_I64("from", coverage->from_ns / NS_PER_S),
                         LOG_I64("to", coverage->to_ns / NS_PER_S));
    self->events->tell(self->current->arg, coverage);
}

static void on_more(void *arg, int64_t start_ns, const minute_sum_t *minute)
{
    witness_t *self = arg;
    log_warn_limited(&self->more_limit, "witness: the exchange's candle has less than came from it",
                     LOG_SLICE("source", self->config.source), LOG_SLICE("symbol", self->current->symbol),
                     LOG_I64("minute", start_ns / NS_PER_S), LOG_U64("trades", minute->trades),
                     LOG_U64("candle", minute->told_trades));
}

static void finish(witness_t *self)
{
    witnessed_t *symbol = self->current;
    const verdicts_events_t events = {on_tell, on_more, self};
    if (self->events->ready_ns(symbol->arg) < self->to_ns) { /* something has happened meanwhile */
        leave_for_ms(symbol, LATER_MS, true);
    } else {
        bool said = verdicts_take(&symbol->verdicts, self->sums, self->span.sure_ns, &events, &self->counts.minutes);
        bool goes_on = said && self->to_ns < self->until_ns;
        leave_for_ms(symbol, goes_on ? 0 : self->config.every_ms, goes_on);
    }
    self->current = NULL;
}

/* --- the journal --- */

static void read_slice(witness_t *self)
{
    int64_t end_ns = clock_mono_ns() + SLICE_US * NS_PER_US;
    trade_t trade;
    for (int i = 1; i <= SLICE_TRADES; i++) {
        if (!journal_span_next(&self->span, &trade)) {
            finish(self);
            return;
        }
        minute_sums_trade(self->sums, trade.timestamp_ns, trade.qty);
        if (i % SLICE_LOOK == 0 && clock_mono_ns() >= end_ns)
            return;
    }
}

/* --- the exchange --- */

static void on_candle(void *arg, const past_candle_t *candle)
{
    minute_sums_candle(arg, candle);
}

static void fail(witness_t *self, const char *reason, text_t sample)
{
    self->counts.failures++;
    log_warn_limited(&self->failed_limit, "witness: no answer that is of use", LOG_SLICE("source", self->config.source),
                     LOG_SLICE("symbol", self->current->symbol), LOG_TEXT("reason", reason),
                     LOG_SLICE("sample", text_cut(sample, SAMPLE_MAX)));
    leave_for_ms(self->current, self->config.every_ms, false);
    self->current = NULL;
}

/* A candle that can't be read leaves a minute open, nobody knows which: then nothing is made of the answer. */
static void read_answer(witness_t *self, text_t body)
{
    char error[PAST_ERROR_MAX] = "";
    const witnessed_t *symbol = self->current;
    bool read = self->config.past->read_candles(body, symbol->symbol, on_candle, self->sums, error);
    if (!read || error[0] != '\0') {
        fail(self, error, body);
        return;
    }
    int64_t slack_ns = (SLACK_MS + (int64_t)self->config.hold_ms) * NS_PER_MS;
    journal_span_begin(&self->span, self->journal, symbol->trades, self->sums->from_ns, slack_ns);
}

static void plan(witness_t *self);

static void on_answer(void *arg, const http_client_answer_t *answer)
{
    witness_t *self = arg;
    char reason[64];
    self->transfer = NULL;
    rest_host_answered(self->host, answer);
    snprintf(reason, sizeof reason, "status: expected 200, found %u", answer->status);
    if (answer->result == HTTP_CLIENT_ANSWERED && answer->status == OK)
        read_answer(self, answer->body);
    else
        fail(self, answer->result == HTTP_CLIENT_ANSWERED ? reason : answer->error, answer->body);
    plan(self);
}

static void ask(witness_t *self, witnessed_t *symbol, int64_t from_ns, int64_t to_ns)
{
    char error[HTTP_CLIENT_ERROR_MAX];
    self->current = symbol;
    self->to_ns = to_ns;
    minute_sums_begin(self->sums, from_ns, to_ns);
    buffer_clear(&self->path);
    self->config.past->print_candles(&self->path, symbol->symbol, from_ns, to_ns);
    const rest_question_t question = {self->url, buffer_text(&self->path), self->config.past->header};
    self->counts.requests++;
    self->transfer = rest_host_ask(self->host, &question, on_answer, self, error);
    if (!self->transfer)
        fail(self, error, (text_t){"", 0});
}

/* --- whose turn it is --- */

/* The end of the minutes that are over for long enough. */
static int64_t over_ns(witness_t *self, const witnessed_t *symbol)
{
    trade_t trade = {0};
    int64_t now_ns = clock_real_ns(), end_ns;
    bool read = record_parse(journal_read(self->journal, symbol->trades, journal_last(symbol->trades)), &trade);
    if (read && trade.timestamp_ns > self->newest_ns)
        self->newest_ns = trade.timestamp_ns;
    end_ns = (self->newest_ns < now_ns ? self->newest_ns : now_ns) - self->config.delay_ms * NS_PER_MS;
    int64_t ready_ns = self->events->ready_ns(symbol->arg);
    end_ns = ready_ns < end_ns ? ready_ns : end_ns;
    return end_ns > 0 ? minute_of(end_ns) : 0;
}

/* What the symbol's next question is to be about; false: nothing now. */
static bool find_span(witness_t *self, witnessed_t *symbol, int64_t *from_ns, int64_t *to_ns)
{
    verdicts_t *verdicts = &symbol->verdicts;
    int64_t end_ns = self->until_ns = over_ns(self, symbol);
    if (verdicts->next_ns == 0 && end_ns > 0)
        verdicts->next_ns = checked_until(self->journal, symbol->trades, symbol->coverage);
    int64_t begin_ns = verdicts_begin_ns(verdicts), least_ns = end_ns - REACH_MINUTES * MINUTE_NS;
    *from_ns = begin_ns > least_ns ? begin_ns : least_ns;
    *to_ns = *from_ns + (int64_t)self->config.past->candles * MINUTE_NS;
    *to_ns = *to_ns < end_ns ? *to_ns : end_ns;
    return verdicts->next_ns > 0 && *from_ns < *to_ns;
}

/* False: it is left for some time. */
static bool prepare(witness_t *self, witnessed_t *symbol, int64_t *from_ns, int64_t *to_ns)
{
    symbol->verdicts.round += !symbol->goes_on;
    bool found = find_span(self, symbol, from_ns, to_ns);
    leave_for_ms(symbol, self->config.every_ms < LATER_MS ? self->config.every_ms : LATER_MS, true);
    return found;
}

static witnessed_t *most_overdue(const witness_t *self)
{
    witnessed_t *found = NULL;
    for (size_t i = 0; i < self->count; i++)
        if (!found || self->symbols[i]->due_ns < found->due_ns)
            found = self->symbols[i];
    return found;
}

/* Only when the host has nothing better to do. */
static void begin(witness_t *self)
{
    int64_t from_ns, to_ns;
    for (int i = 0; i < TRIES && !self->current; i++) {
        witnessed_t *symbol = most_overdue(self);
        if (!symbol || symbol->due_ns > clock_mono_ns() || rest_host_is_hurried(self->host) ||
            rest_host_wait_ms(self->host) > 0)
            return;
        if (prepare(self, symbol, &from_ns, &to_ns))
            ask(self, symbol, from_ns, to_ns);
    }
}

static void plan(witness_t *self)
{
    if (self->transfer || self->count == 0) {
        loop_timer_stop(self->timer);
        return;
    }
    if (self->current) {
        loop_timer_start(self->timer, PAUSE_MS, 0);
        return;
    }
    int64_t wait_ms = (most_overdue(self)->due_ns - clock_mono_ns()) / NS_PER_MS;
    wait_ms = wait_ms > TICK_MAX_MS ? TICK_MAX_MS : wait_ms;
    loop_timer_start(self->timer, wait_ms < TICK_MIN_MS ? TICK_MIN_MS : (uint64_t)wait_ms, 0);
}

static void on_timer(void *arg)
{
    witness_t *self = arg;
    if (self->current)
        read_slice(self);
    else
        begin(self);
    plan(self);
}

witness_t *witness_new(loop_t *loop, rest_hosts_t *hosts, journal_t *journal, const witness_config_t *config,
                       const witness_events_t *events)
{
    const past_t *past = config->past;
    bool bounded = config->requests_per_minute > 0;
    witness_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->journal = journal;
    self->config = *config;
    self->events = events;
    self->url = config->url[0] != '\0' ? config->url : past->url;
    self->path = buffer_new(HTTP_CLIENT_URL_MAX);
    self->timer = loop_timer_new(loop, on_timer, self);
    self->sums = minute_sums_new(past->candles, past->recent);
    self->host = rest_hosts_find(hosts, self->url, config->ca, bounded ? config->requests_per_minute : past->requests,
                                 bounded ? 60000 : past->interval_ms);
    if (!self->timer || !self->sums || !self->host)
        witness_destroy(&self);
    return self;
}

void witness_destroy(witness_t **self_ref)
{
    witness_t *self = *self_ref;
    if (!self)
        return;
    loop_timer_destroy(&self->timer);
    minute_sums_destroy(&self->sums);
    buffer_release(&self->path);
    free(self->symbols);
    free(self);
    *self_ref = NULL;
}

/* Each at a moment of its own, so that many do not ask at once; and not before a minute that ends now can be compared. */
bool witness_add(witness_t *self, witnessed_t *symbol)
{
    if (!ARRAY_RESERVE(&self->symbols, &self->room, self->count + 1, ARRAY_UNBOUNDED))
        return false;
    self->symbols[self->count++] = symbol;
    symbol->number = self->count;
    uint32_t stagger_ms = (uint32_t)(text_hash(journal_topic(symbol->trades)) % self->config.every_ms);
    leave_for_ms(symbol, self->config.delay_ms + stagger_ms, false);
    if (!self->current)
        plan(self);
    return true;
}

static void give_up(witness_t *self)
{
    if (self->transfer) {
        http_transfer_cancel(&self->transfer);
        rest_host_answered(self->host, NULL);
    }
    self->current = NULL;
}

void witness_remove(witness_t *self, witnessed_t *symbol)
{
    if (symbol->number == 0)
        return;
    if (self->current == symbol)
        give_up(self);
    witnessed_t *last = self->symbols[--self->count];
    self->symbols[symbol->number - 1] = last;
    last->number = symbol->number;
    symbol->number = 0;
    verdicts_release(&symbol->verdicts);
    plan(self);
}

void witness_forget(witness_t *self, witnessed_t *symbol)
{
    if (self->current == symbol)
        give_up(self);
    verdicts_release(&symbol->verdicts);
    plan(self);
}

const witness_counts_t *witness_counts(const witness_t *self)
{
    return &self->counts;
}
