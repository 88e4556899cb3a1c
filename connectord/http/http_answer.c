#include "connectord/http/http_answer.h"

#include "common/clock.h"
#include "common/log.h"
#include "connectord/http/http_body.h"
#include "connectord/http/http_giver.h"
#include "connectord/http/http_symbols.h"
#include "connectord/websocket/refusal.h"

#include <stdio.h>

enum {
    THROTTLED_MAX = 3,        /* times in a row that the source says "not now" until it counts as lost … */
    THROTTLED_LONG_MS = 60000 /* … or at once, if that is for so long */
};

static void print_refusal(const http_client_answer_t *answer, char reason[static REFUSAL_REASON_MAX])
{
    char seconds[16];
    int length = snprintf(seconds, sizeof seconds, "%u", answer->retry_after_ms / 1000);
    refusal_t refusal = {.status = answer->status, .retry_after = {seconds, answer->retry_after_ms > 0 ? (size_t)length : 0}};
    refusal_print(&refusal, clock_real_ns(), reason);
}

/* A record that names nothing is of what was asked for. */
static bool on_key(void *arg, text_t channel, text_t native, text_t *key)
{
    const http_source_t *self = arg;
    text_t subject =
               native.length > 0 ? spelling_subject(self->definition.http->spelling, channel, native) : self->reading->symbol,
           named;
    *key = native;
    if (subject.length > 0)
        subject_split(subject, &named, key);
    return http_source_wants(self, channel, *key);
}

static void on_record(void *arg, const mapping_record_t *record)
{
    http_source_t *self = arg;
    http_poll_t *poll = self->reading;
    mapping_record_t received = *record;
    if (known_records_has(self->known, record)) {
        poll->met_known = true;
        return;
    }
    received.trade.received_ns = self->received_ns;
    received.trade.timestamp_ns = record->timestamp_ns;
    if (!record_queue_put(&poll->queue, &received))
        http_source_malformed(self, "expected at most 100000 new records at a time, found more", record->key);
}

static const mapping_events_t mapping_events = {.record = on_record, .fault = http_source_malformed, .key = on_key};

static void on_message(void *arg, text_t json)
{
    http_source_t *self = arg;
    self->received_ns = clock_real_ns();
    self->events->on_received(self->arg, json, self->received_ns);
    mapping_run(self->definition.mapping, json, self->received_ns, &mapping_events, self);
}

static const http_body_events_t body_events = {.message = on_message, .fault = http_source_malformed};

/* Of a list that begins with the newest record none was there before: what is between them is not known. Of another one not
 * all pages are asked. */
static void warn_of_hole(http_source_t *self, const http_poll_t *poll, http_pages_result_t result)
{
    const http_protocol_t *protocol = self->definition.http;
    bool had = known_records_last_ns(self->known, http_poll_scope(poll)) > 0, news = record_queue_count(&poll->queue) > 0;
    bool hole = protocol->newest_first && had && news && !poll->met_known && protocol->since == HTTP_SINCE_NOTHING;
    bool cut = !protocol->newest_first && result == HTTP_PAGES_CUT && !poll->at_once;
    if (hole || cut)
        log_warn_limited(&self->pages_limit, "http: records may be missing: there is more than is asked",
                         LOG_SLICE("source", self->config->name), LOG_SLICE("symbol", poll->symbol),
                         LOG_U64("pages", poll->pages.page + 1), LOG_U64("every_ms", protocol->every_ms));
}

static void mark(const http_source_t *self, const http_poll_t *poll, recorded_kind_t kind)
{
    self->events->on_mark(self->arg, &(recorded_line_t){.kind = kind, .subject = poll->symbol});
}

/* The pages are read: what is in them is given on, or there is another one before. */
static void take_page(http_source_t *self, http_poll_t *poll, http_pages_result_t result)
{
    const http_protocol_t *protocol = self->definition.http;
    bool more = result == HTTP_PAGES_MORE && (!protocol->newest_first || !poll->met_known);
    poll->at_once = result == HTTP_PAGES_CUT && protocol->since != HTTP_SINCE_NOTHING && !protocol->newest_first;
    if (!more) {
        warn_of_hole(self, poll, result);
        if (poll->told)
            mark(self, poll, RECORDED_ANSWERED);
        poll->told = false;
    }
    if (protocol->newest_first && more) {
        poll->state = HTTP_POLL_DUE;
        poll->due_ns = clock_mono_ns();
        return;
    }
    if (protocol->newest_first)
        record_queue_reverse(&poll->queue);
    poll->more = more;
    poll->state = HTTP_POLL_GIVING;
    http_giver_start(self);
}

static http_pages_result_t read_body(http_source_t *self, http_poll_t *poll, const http_client_answer_t *answer)
{
    char error[MAPPING_ERROR_MAX], wrong[HTTP_PAGES_ERROR_MAX];
    http_format_t format;
    uint64_t connection = self->connection;
    bool whole = http_body_format(self->definition.http->format, answer->content_type, &format, error);
    self->reading = poll;
    poll->told = true;
    mark(self, poll, RECORDED_ASKED);
    if (!whole)
        http_source_malformed(self, error, answer->body);
    else
        whole = http_body_read(format, answer->body, &body_events, self);
    self->reading = NULL;
    if (self->connection != connection)
        return HTTP_PAGES_BAD;
    if (!whole) {
        http_pages_forget(&poll->pages);
        return HTTP_PAGES_BAD;
    }
    text_t json = format == HTTP_FORMAT_JSON ? answer->body : (text_t){"", 0};
    http_pages_result_t result = http_pages_read(&poll->pages, json, answer->etag, answer->last_modified, wrong);
    if (result == HTTP_PAGES_BAD)
        http_source_malformed(self, wrong, answer->body);
    return result;
}

/* 304: what was told last is all that there is; of pages that begin with the newest one that means all of them. */
static void read_answer(http_source_t *self, http_poll_t *poll, const http_client_answer_t *answer)
{
    uint64_t connection = self->connection;
    http_pages_result_t result = HTTP_PAGES_END;
    if (answer->result == HTTP_CLIENT_TOO_LARGE)
        http_source_malformed(self, answer->error, TEXT(""));
    else if (answer->status == 304 && !self->definition.http->newest_first)
        result = http_pages_unchanged(&poll->pages);
    else if (answer->status != 304 && answer->status != 204)
        result = read_body(self, poll, answer);
    if (self->connection == connection)
        take_page(self, poll, result);
}

/* Is somebody still interested? Else it waits until somebody is. */
static bool is_asked_for(http_source_t *self, http_poll_t *poll)
{
    const told_symbol_t *symbol = told_symbols_find(&self->symbols, poll->symbol);
    if (self->per_symbol ? symbol && symbol->open : http_source_wants_any(self))
        return true;
    if (self->per_symbol)
        http_polls_remove(&self->polls, poll);
    else
        http_giver_end_poll(self, poll);
    return false;
}

/* The source answers. The poll, if it is still there when everybody has been told so. */
static http_poll_t *made(http_source_t *self, const http_poll_t *poll)
{
    char copy[SUBJECT_MAX];
    text_t symbol = {memcpy(copy, poll->symbol_text, sizeof copy), poll->symbol.length};
    return http_symbols_made(self) ? http_polls_find(&self->polls, symbol) : NULL;
}

static void accept(http_source_t *self, http_poll_t *poll, const http_client_answer_t *answer)
{
    uint64_t connection = self->connection;
    poll = made(self, poll);
    if (!poll || !is_asked_for(self, poll))
        return;
    told_symbol_t *symbol = self->per_symbol ? told_symbols_find(&self->symbols, poll->symbol) : NULL;
    if (symbol && symbol->waiting)
        http_symbols_confirm(self, symbol, true);
    if (self->connection == connection)
        read_answer(self, poll, answer);
}

/* It is the symbol that the source has nothing of: the connection is good. */
static void refuse(http_source_t *self, http_poll_t *poll, const http_client_answer_t *answer)
{
    char reason[REFUSAL_REASON_MAX];
    print_refusal(answer, reason);
    poll = made(self, poll);
    if (!poll)
        return;
    told_symbol_t *symbol = told_symbols_find(&self->symbols, poll->symbol);
    http_polls_remove(&self->polls, poll);
    if (symbol && symbol->waiting) {
        told_symbol_refused(symbol);
        self->events->on_rejected(self->arg, symbol->symbol, text_of(reason));
    } else if (symbol && symbol->open) {
        log_warn_limited(&self->ended_limit, "http: a symbol is refused that was there",
                         LOG_SLICE("source", self->config->name), LOG_SLICE("symbol", symbol->symbol),
                         LOG_TEXT("reason", reason));
        http_symbols_confirm(self, symbol, false);
    }
}

/* Asked too often, or too early. It is asked again when the source says, or ever more rarely. */
static void wait_for_source(http_source_t *self, http_poll_t *poll, const http_client_answer_t *answer)
{
    char reason[REFUSAL_REASON_MAX];
    uint32_t every_ms = self->definition.http->every_ms, wait_ms = answer->retry_after_ms;
    self->throttled++;
    print_refusal(answer, reason);
    if (self->state == HTTP_OPENING || self->throttled >= THROTTLED_MAX || wait_ms > THROTTLED_LONG_MS) {
        self->throttled = 0;
        http_source_lose(self, reason, LOSS_USUAL, wait_ms);
        return;
    }
    if (wait_ms == 0)
        wait_ms = (every_ms > 1000 ? every_ms : 1000) << self->throttled;
    log_warn_limited(&self->throttled_limit, "http: the source asks to wait", LOG_SLICE("source", self->config->name),
                     LOG_TEXT("reason", reason), LOG_U64("wait_ms", wait_ms));
    self->until_ns = clock_mono_ns() + wait_ms * NS_PER_MS;
    poll->state = HTTP_POLL_DUE;
    poll->due_ns = self->until_ns;
}

static bool is_of_symbol(unsigned status)
{
    return status == 400 || status == 404 || status == 410 || status == 422;
}

void http_answer_take(void *arg, const http_client_answer_t *answer)
{
    http_poll_t *poll = arg;
    http_source_t *self = poll->owner;
    char reason[REFUSAL_REASON_MAX];
    unsigned status = answer->status;
    poll->transfer = NULL;
    if (answer->result == HTTP_CLIENT_LOOKUP || answer->result == HTTP_CLIENT_FAILED) {
        http_source_lose(self, answer->error, answer->result == HTTP_CLIENT_LOOKUP ? LOSS_LOOKUP : LOSS_USUAL, 0);
    } else if (status == 429 || status == 503) {
        wait_for_source(self, poll, answer);
    } else if (self->per_symbol && is_of_symbol(status)) {
        refuse(self, poll, answer);
    } else if (status < 200 || (status >= 300 && status != 304)) {
        print_refusal(answer, reason);
        http_source_lose(self, reason, refusal_kind(&(refusal_t){.status = status}), answer->retry_after_ms);
    } else {
        accept(self, poll, answer);
    }
    if (self->state != HTTP_CLOSED)
        http_source_wake(self);
}
