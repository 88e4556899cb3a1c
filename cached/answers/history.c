#include "cached/answers/history.h"

#include <assert.h>
#include <stdlib.h>

#include "cached/answers/answer_candles.h"
#include "cached/answers/clear_history.h"
#include "cached/answers/page_queue.h"
#include "cached/answers/page_request.h"
#include "cached/answers/stats.h"
#include "common/clock.h"
#include "common/curve/rights.h"
#include "common/json/json_plain.h"
#include "common/log.h"
#include "common/secret.h"
#include "proto/request.h"

enum { OPERATIONS_MAX = 16 };

struct history {
    history_config_t config;
    history_ready_fn *ready; /* may be NULL */
    const void *ready_arg;
    stats_t stats;
    buffer_t token; /* as a JSON string, the form in which requests bring it */
    clear_history_t clearing;
    question_t *cleared_for; /* who asked for the clearing under way */

    const question_t *asking; /* the question that is being answered at once */
    bool put_off;             /* it is answered later */
    page_printer_t page;
    buffer_t answer;
    buffer_t plain; /* the question, where it had escapes */

    page_queue_t *page_queue; /* what needs the store */

    history_counts_t counts;
    uint64_t asked[OPERATIONS_MAX]; /* by the operation's place in the table; unknown ones last */
};

static void refuse_for_now(const request_t *request, buffer_t *answer)
{
    answer_error(answer, request, ERROR_UNAVAILABLE, "too many requests at once: try again later");
}

/* --- operations --- */

static void answer_page(history_t *self, const request_t *request, buffer_t *answer)
{
    bool store = self->config.reader != NULL;
    if (!page_request_begin(self->config.catalog, request, store, &self->page, answer) ||
        page_printer_print(&self->page, HISTORY_ANSWER_MAX, answer))
        return;
    self->put_off = page_queue_ask(self->page_queue, self->asking);
    if (!self->put_off)
        refuse_for_now(request, answer);
}

static void answer_symbols(history_t *self, const request_t *request, buffer_t *answer)
{
    catalog_symbol_t found;
    size_t at = 0;
    json_writer_t json = answer_begin(answer, request);
    json_open_array(&json, "symbols");
    while (catalog_next(self->config.catalog, &at, &found))
        json_put_text(&json, NULL, found.symbol);
    json_close_array(&json);
    json_close_object(&json);
}

static void answer_stats(history_t *self, const request_t *request, buffer_t *answer)
{
    catalog_symbol_t found;
    size_t at = 0;
    bool one = request->symbol.length > 0;
    if (one && !page_request_symbol(self->config.catalog, request, &found, answer))
        return;
    json_writer_t json = answer_begin(answer, request);
    json_open_array(&json, "stats");
    if (one)
        stats_print(&self->stats, &found, &json);
    while (!one && catalog_next(self->config.catalog, &at, &found))
        stats_print(&self->stats, &found, &json);
    json_close_array(&json);
    json_close_object(&json);
}

static void find_candles(history_t *self, const request_t *request, buffer_t *answer)
{
    catalog_symbol_t found;
    if (page_request_symbol(self->config.catalog, request, &found, answer))
        answer_candles(request, &found, &(candle_facts_t){self->config.catalog, self->config.rebuild, clock_real_ns()}, answer);
}

static void answer_ready(history_t *self, const request_t *request, buffer_t *answer)
{
    bool ready = !self->ready || self->ready(self->ready_arg);
    json_writer_t json = answer_begin(answer, request);
    json_put_bool(&json, "ready", ready);
    json_close_object(&json);
}

static bool may_clear(const history_t *self, const request_t *request, buffer_t *answer)
{
    text_t secret = buffer_text(&self->token);
    if (secret.length <= 2) {
        answer_error(answer, request, ERROR_FORBIDDEN, "clear is disabled: cached.token is not set");
        return false;
    }
    if (!secret_equal(request->token, (text_t){secret.at + 1, secret.length - 2})) {
        answer_error(answer, request, ERROR_FORBIDDEN, "clear needs the token that is set as cached.token");
        return false;
    }
    return true;
}

static void send_answer(history_t *self, const question_t *question, buffer_t *answer, const request_t *request);

static void on_cleared(void *arg, bool good, uint64_t cleared)
{
    history_t *self = arg;
    request_t request;
    question_t *question = self->cleared_for;
    buffer_t answer = buffer_new(HISTORY_ANSWER_MAX);
    self->cleared_for = NULL;
    request_parse(question->request, &request, &answer); /* it was parsed before: it is valid */
    log_info("history: cleared on request", LOG_SLICE("symbol", request.symbol.length ? request.symbol : TEXT("all")),
             LOG_U64("trades", cleared));
    json_writer_t json = answer_begin(&answer, &request);
    json_put_u64(&json, "cleared", cleared);
    json_close_object(&json);
    if (!good)
        answer_error(&answer, &request, ERROR_UNAVAILABLE, "the store can't be cleared completely now: %llu trades cleared",
                     (unsigned long long)cleared);
    send_answer(self, question, &answer, &request);
    buffer_release(&answer);
    free(question);
}

static void answer_clear(history_t *self, const request_t *request, buffer_t *answer)
{
    catalog_symbol_t found;
    if (!may_clear(self, request, answer) ||
        (request->symbol.length > 0 && !page_request_symbol(self->config.catalog, request, &found, answer)))
        return;
    const question_t *asking = self->asking;
    question_t *question = self->clearing.busy ? NULL : question_new(asking->peer, asking->request, asking->asked_ns);
    if (!question) {
        refuse_for_now(request, answer);
        return;
    }
    self->put_off = true;
    self->cleared_for = question;
    clear_history_start(&self->clearing, request->symbol, on_cleared, self);
}

static const char reads[] = "history", clears[] = "clear";

static const struct {
    const char *name;
    const char *right; /* that it takes */
    void (*answer)(history_t *self, const request_t *request, buffer_t *answer);
} operations[] = {
    {"recent", reads, answer_page},   {"since", reads, answer_page},      {"range", reads, answer_page},
    {"candles", reads, find_candles}, {"symbols", reads, answer_symbols}, {"stats", reads, answer_stats},
    {"clear", clears, answer_clear},  {"ready", reads, answer_ready},     {"coverage", reads, answer_page},
};

#define OPERATIONS (sizeof operations / sizeof *operations)
static_assert(OPERATIONS < OPERATIONS_MAX, "history_t.asked has a place for each, and one more");

/* --- asking and answering --- */

/* The operation's place in the table; OPERATIONS if unknown. */
static size_t find_operation(text_t name)
{
    size_t i = 0;
    while (i < OPERATIONS && !text_equal(name, text_of(operations[i].name)))
        i++;
    return i;
}

static void send_answer(history_t *self, const question_t *question, buffer_t *answer, const request_t *request)
{
    if (!buffer_ok(answer)) {
        buffer_clear(answer);
        answer_error(answer, request, ERROR_INTERNAL, "out of memory for the answer: ask for less");
    }
    self->counts.answers++;
    self->counts.errors += answer_is_error(buffer_text(answer));
    self->counts.bytes += answer->length;
    histogram_note(&self->counts.time, clock_mono_ns() - question->asked_ns);
    self->config.on_answer(self->config.arg, question->peer, buffer_text(answer));
}

/* What who asks for the operation lacks. */
static const char *lacks(size_t operation, text_t rights)
{
    const char *right = operation < OPERATIONS ? operations[operation].right : reads;
    return rights_have(rights, text_of(right)) ? NULL : right;
}

const char *history_handle(history_t *self, text_t peer, text_t rights, text_t json)
{
    request_t request = {0};
    const char *lacking = NULL;
    json = json_plain(json, &self->plain);
    question_t question = {.asked_ns = clock_mono_ns(), .peer = peer, .request = json};
    /* cppcheck-suppress autoVariables ; until this returns */
    self->asking = &question;
    self->put_off = false;
    buffer_clear(&self->answer);
    size_t operation = request_parse(json, &request, &self->answer) ? find_operation(request.op) : SIZE_MAX;
    if (operation <= OPERATIONS && (lacking = lacks(operation, rights)))
        answer_error(&self->answer, &request, ERROR_FORBIDDEN, "this key has no right to %s", lacking);
    else if (operation < OPERATIONS)
        operations[operation].answer(self, &request, &self->answer);
    else if (operation == OPERATIONS)
        answer_error(&self->answer, &request, ERROR_UNKNOWN_OP, "Unknown op: %.*s", TEXT_ARG(request.op));
    self->asked[operation < OPERATIONS ? operation : OPERATIONS]++;
    if (!self->put_off)
        send_answer(self, &question, &self->answer, &request);
    self->asking = NULL;
    return lacking;
}

void history_refuse(history_t *self, text_t peer, size_t frames)
{
    question_t question = {.asked_ns = clock_mono_ns(), .peer = peer};
    answer_frames_error(&self->answer, frames);
    self->asked[OPERATIONS]++;
    send_answer(self, &question, &self->answer, &(request_t){0});
}

/* The store has been read for it. */
static void on_page_answer(void *arg, const question_t *question, const request_t *request, buffer_t *answer)
{
    history_t *self = arg;
    self->counts.looks++;
    send_answer(self, question, answer, request);
}

history_t *history_new(const history_config_t *config)
{
    history_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->page.rebuild = config->rebuild;
    self->stats.write_behind = config->write_behind;
    self->clearing = (clear_history_t){.catalog = config->catalog, .write_behind = config->write_behind};
    self->answer = buffer_new(HISTORY_ANSWER_MAX);
    self->plain = buffer_new(0);
    self->token = buffer_new(0);
    buffer_append_json_string(&self->token, text_of(config->token));
    self->page_queue = page_queue_new(&(page_queue_config_t){.catalog = config->catalog,
                                                             .reader = config->reader,
                                                             .write_behind = config->write_behind,
                                                             .rebuild = config->rebuild,
                                                             .answer_bytes = HISTORY_ANSWER_MAX,
                                                             .on_answer = on_page_answer,
                                                             .arg = self});
    if (!self->page_queue || !buffer_ok(&self->token))
        history_destroy(&self);
    return self;
}

void history_destroy(history_t **self)
{
    history_t *history = *self;
    if (!history)
        return;
    page_queue_destroy(&history->page_queue);
    free(history->cleared_for);
    buffer_release(&history->token);
    buffer_release(&history->plain);
    buffer_release(&history->answer);
    free(history);
    *self = NULL;
}

void history_on_ready(history_t *self, history_ready_fn *ready, const void *arg)
{
    self->ready = ready;
    self->ready_arg = arg;
}

void history_follow(history_t *self, const follower_t *follower)
{
    self->stats.follower = follower;
}

void history_retain(history_t *self, const retention_t *memory, const retention_t *store)
{
    self->stats.memory = memory;
    self->stats.store = store;
}

const history_counts_t *history_counts(const history_t *self)
{
    return &self->counts;
}

size_t history_waiting(const history_t *self)
{
    return page_queue_waiting(self->page_queue);
}

bool history_asked(const history_t *self, size_t number, const char **operation, uint64_t *count)
{
    if (number > OPERATIONS)
        return false;
    *operation = number < OPERATIONS ? operations[number].name : "unknown";
    *count = self->asked[number];
    return true;
}
