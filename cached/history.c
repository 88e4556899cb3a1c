#include "cached/history.h"

#include <assert.h>
#include <stdlib.h>

#include "cached/answer_candles.h"
#include "cached/extract.h"
#include "cached/forget.h"
#include "cached/question.h"
#include "cached/stats.h"
#include "common/clock.h"
#include "common/log.h"
#include "proto/request.h"

enum { OPERATIONS_MAX = 16 };

struct history {
    history_config_t config;
    history_ready_fn *ready; /* may be NULL */
    const void *ready_arg;
    stats_t stats;
    buffer_t token; /* as a JSON string, the form in which requests bring it */
    forgetting_t clearing;
    question_t *cleared_for; /* who asked for the clearing under way */

    const question_t *asking; /* the question that is being answered at once */
    bool put_off;             /* it is answered later */
    extract_t page;
    buffer_t answer;

    question_queue_t waiting; /* for the store */
    question_t *looking;      /* the one whose answer is being made from the store */
    request_t look_request;
    extract_t look_page;
    buffer_t look_answer;

    history_counts_t counts;
    uint64_t asked[OPERATIONS_MAX]; /* by the operation's place in the table; what is none at its end */
};

static void look(history_t *self);

/* Takes the same time wherever the texts differ, so that nobody finds a token letter by letter. */
static bool same_secret(text_t given, text_t secret)
{
    unsigned difference = given.length != secret.length;
    for (size_t i = 0; i < given.length && secret.length > 0; i++)
        difference |= (unsigned char)(given.at[i] ^ secret.at[i % secret.length]);
    return difference == 0;
}

static bool find_symbol(const history_t *self, const request_t *request, shelf_symbol_t *found, buffer_t *answer)
{
    if (shelf_symbol(self->config.shelf, request->symbol, found))
        return true;
    answer_error(answer, request, ERROR_INVALID_SYMBOL, "Invalid symbol: %.*s", TEXT_ARG(request->symbol));
    return false;
}

/* A copy of the question that is being asked, for later. NULL, with an error as its answer, when that can't be. */
static question_t *put_off(history_t *self, const request_t *request, bool possible, buffer_t *answer)
{
    question_t *kept = possible ? question_new(self->asking->peer, self->asking->request, self->asking->asked_ns) : NULL;
    self->put_off = kept != NULL;
    if (!kept)
        answer_error(answer, request, ERROR_UNAVAILABLE, "too much is asked for at once: try again later");
    return kept;
}

/* --- pages of trades --- */

static bool begin_recent(const history_t *self, const request_t *request, extract_t *page, buffer_t *answer)
{
    shelf_symbol_t found;
    bool known = find_symbol(self, request, &found, answer);
    if (known)
        extract_begin_recent(page, request, &found, self->config.lookback != NULL);
    return known;
}

static bool begin_since(const history_t *self, const request_t *request, extract_t *page, buffer_t *answer)
{
    shelf_symbol_t found;
    bool known = find_symbol(self, request, &found, answer);
    if (known)
        extract_begin_since(page, request, &found, self->config.lookback != NULL);
    return known;
}

static bool begin_range(const history_t *self, const request_t *request, extract_t *page, buffer_t *answer)
{
    const tape_t *tape = shelf_find(self->config.shelf, request->topic);
    bool known = tape || shelf_offered(self->config.shelf, request->topic);
    if (known)
        extract_begin_range(page, request, tape, self->config.lookback != NULL);
    else
        answer_error(answer, request, ERROR_INVALID_TOPIC, "Invalid topic: %.*s", TEXT_ARG(request->topic));
    return known;
}

static const struct {
    const char *name;
    bool (*begin)(const history_t *self, const request_t *request, extract_t *page, buffer_t *answer);
} pages[] = {{"recent", begin_recent}, {"since", begin_since}, {"range", begin_range}};

/* False, with the answer, when there is nothing to be had. */
static bool begin_page(const history_t *self, const request_t *request, extract_t *page, buffer_t *answer)
{
    size_t i = 0;
    while (!text_equal(request->op, text_of(pages[i].name)))
        i++;
    return pages[i].begin(self, request, page, answer);
}

static void answer_page(history_t *self, const request_t *request, buffer_t *answer)
{
    if (!begin_page(self, request, &self->page, answer) || extract_print(&self->page, HISTORY_ANSWER_MAX, answer))
        return;
    question_t *question = put_off(self, request, self->waiting.count < HISTORY_WAITING_MAX, answer);
    if (!question)
        return;
    question_push(&self->waiting, question);
    look(self);
}

/* --- other operations --- */

static void answer_symbols(history_t *self, const request_t *request, buffer_t *answer)
{
    shelf_symbol_t found;
    size_t at = 0;
    answer_begin(answer, request);
    buffer_append(answer, TEXT(",\"symbols\":["));
    for (bool first = true; shelf_next(self->config.shelf, &at, &found); first = false) {
        if (!first)
            buffer_append(answer, TEXT(","));
        buffer_append_json_string(answer, found.symbol);
    }
    buffer_append(answer, TEXT("]}"));
}

static void answer_stats(history_t *self, const request_t *request, buffer_t *answer)
{
    shelf_symbol_t found;
    size_t at = 0;
    bool first = true, one = request->symbol.length > 0;
    if (one && !find_symbol(self, request, &found, answer))
        return;
    answer_begin(answer, request);
    buffer_append(answer, TEXT(",\"stats\":["));
    if (one)
        stats_print(&self->stats, &found, &first, answer);
    while (!one && shelf_next(self->config.shelf, &at, &found))
        stats_print(&self->stats, &found, &first, answer);
    buffer_append(answer, TEXT("]}"));
}

static void find_candles(history_t *self, const request_t *request, buffer_t *answer)
{
    shelf_symbol_t found;
    if (find_symbol(self, request, &found, answer))
        answer_candles(request, &found, answer);
}

static void answer_ready(history_t *self, const request_t *request, buffer_t *answer)
{
    bool ready = !self->ready || self->ready(self->ready_arg);
    answer_begin(answer, request);
    buffer_append(answer, ready ? TEXT(",\"ready\":true}") : TEXT(",\"ready\":false}"));
}

static bool may_clear(const history_t *self, const request_t *request, buffer_t *answer)
{
    text_t secret = buffer_text(&self->token);
    if (secret.length <= 2) {
        answer_error(answer, request, ERROR_FORBIDDEN, "clear is disabled: cached.token is not set");
        return false;
    }
    if (!same_secret(request->token, (text_t){secret.at + 1, secret.length - 2})) {
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
    answer_begin(&answer, &request);
    buffer_append(&answer, TEXT(",\"cleared\":"));
    buffer_append_u64(&answer, cleared);
    buffer_append(&answer, TEXT("}"));
    if (!good)
        answer_error(&answer, &request, ERROR_UNAVAILABLE, "the store can't forget now: %llu trades are forgotten, not all",
                     (unsigned long long)cleared);
    send_answer(self, question, &answer, &request);
    buffer_release(&answer);
    free(question);
}

static void answer_clear(history_t *self, const request_t *request, buffer_t *answer)
{
    shelf_symbol_t found;
    if (!may_clear(self, request, answer) || (request->symbol.length > 0 && !find_symbol(self, request, &found, answer)))
        return;
    question_t *question = put_off(self, request, !self->clearing.busy, answer);
    if (!question)
        return;
    self->cleared_for = question;
    forget_start(&self->clearing, request->symbol, on_cleared, self);
}

static const struct {
    const char *name;
    void (*answer)(history_t *self, const request_t *request, buffer_t *answer);
} operations[] = {
    {"recent", answer_page},     {"since", answer_page},  {"range", answer_page},  {"candles", find_candles},
    {"symbols", answer_symbols}, {"stats", answer_stats}, {"clear", answer_clear}, {"ready", answer_ready},
};

#define OPERATIONS (sizeof operations / sizeof *operations)
static_assert(OPERATIONS < OPERATIONS_MAX, "history_t.asked has a place for each, and one more");

/* --- asking and answering --- */

/* The operation's place in the table; OPERATIONS when it is none. */
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
        answer_error(answer, request, ERROR_INTERNAL, "the answer does not fit into memory: ask for less");
    }
    self->counts.answers++;
    self->counts.errors += text_starts_with(buffer_text(answer), TEXT("{\"ok\":false"));
    self->counts.bytes += answer->length;
    histogram_note(&self->counts.time, clock_mono_ns() - question->asked_ns);
    self->config.on_answer(self->config.arg, question->peer, buffer_text(answer));
}

void history_handle(history_t *self, text_t peer, text_t json)
{
    request_t request = {0};
    question_t question = {.asked_ns = clock_mono_ns(), .peer = peer, .request = json};
    /* cppcheck-suppress autoVariables ; until this returns */
    self->asking = &question;
    self->put_off = false;
    buffer_clear(&self->answer);
    size_t operation = request_parse(json, &request, &self->answer) ? find_operation(request.op) : SIZE_MAX;
    if (operation < OPERATIONS)
        operations[operation].answer(self, &request, &self->answer);
    else if (operation == OPERATIONS)
        answer_error(&self->answer, &request, ERROR_UNKNOWN_OP, "Unknown op: %.*s", TEXT_ARG(request.op));
    self->asked[operation < OPERATIONS ? operation : OPERATIONS]++;
    if (!self->put_off)
        send_answer(self, &question, &self->answer, &request);
    self->asking = NULL;
}

/* --- looking into the store --- */

static void end_look(history_t *self)
{
    question_t *question = self->looking;
    self->looking = NULL;
    self->counts.looks++;
    send_answer(self, question, &self->look_answer, &self->look_request);
    free(question);
}

/* What was looked for is there, or the store failed. */
static void take_chunk(history_t *self, size_t stream)
{
    const chunk_t *chunk = lookback_chunk(self->config.lookback, stream);
    cursor_t stored = {UINT64_MAX, UINT64_MAX}, floor;
    text_t topic = chunk_query(chunk)->topic;
    if (self->config.archive)
        stored = archive_place(self->config.archive, topic);
    extract_give(&self->look_page, stream, chunk, stored);
    tape_t *tape = shelf_find(self->config.shelf, topic);
    if (tape && extract_floor(&self->look_page, stream, &floor))
        tape_set_floor(tape, floor);
}

static void on_looked(void *arg)
{
    history_t *self = arg;
    const extract_t *page = &self->look_page;
    for (size_t i = extract_lacking(page, 0); i < extract_streams(page); i = extract_lacking(page, i + 1))
        take_chunk(self, i);
    look(self);
}

/* Asks the store for all that the page lacks. False when memory runs out. */
static bool start_look(history_t *self)
{
    extract_t *page = &self->look_page;
    for (size_t i = extract_lacking(page, 0); i < extract_streams(page); i = extract_lacking(page, i + 1)) {
        store_query_t query = extract_wants(page, i);
        if (!lookback_want(self->config.lookback, i, &query))
            return false;
    }
    lookback_start(self->config.lookback, on_looked, self);
    return true;
}

/* The next question that waits: false when there is none, or when it has its answer already. */
static bool begin_look(history_t *self)
{
    buffer_clear(&self->look_answer);
    self->looking = question_pop(&self->waiting);
    if (!self->looking)
        return false;
    request_parse(self->looking->request, &self->look_request, &self->look_answer); /* it was parsed before: it is valid */
    if (begin_page(self, &self->look_request, &self->look_page, &self->look_answer))
        return true;
    end_look(self);
    return false;
}

/* Goes on with the question whose turn it is until the store has to be read. */
static void look(history_t *self)
{
    if (lookback_busy(self->config.lookback))
        return;
    while (self->looking || self->waiting.count > 0) {
        if (!self->looking && !begin_look(self))
            continue;
        if (!extract_print(&self->look_page, HISTORY_ANSWER_MAX, &self->look_answer)) {
            if (start_look(self))
                return;
            answer_error(&self->look_answer, &self->look_request, ERROR_INTERNAL, "no memory: ask for less");
        }
        end_look(self);
    }
}

history_t *history_new(const history_config_t *config)
{
    history_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->stats.archive = config->archive;
    self->clearing = (forgetting_t){.shelf = config->shelf, .archive = config->archive};
    self->answer = buffer_new(HISTORY_ANSWER_MAX);
    self->look_answer = buffer_new(HISTORY_ANSWER_MAX);
    self->token = buffer_new(0);
    buffer_append_json_string(&self->token, text_of(config->token));
    if (!buffer_ok(&self->token))
        history_destroy(&self);
    return self;
}

void history_destroy(history_t **self)
{
    history_t *history = *self;
    question_t *question;
    if (!history)
        return;
    while ((question = question_pop(&history->waiting)))
        free(question);
    free(history->looking);
    free(history->cleared_for);
    buffer_release(&history->token);
    buffer_release(&history->answer);
    buffer_release(&history->look_answer);
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

const history_counts_t *history_counts(const history_t *self)
{
    return &self->counts;
}

size_t history_waiting(const history_t *self)
{
    return self->waiting.count + (self->looking != NULL);
}

bool history_asked(const history_t *self, size_t number, const char **operation, uint64_t *count)
{
    if (number > OPERATIONS)
        return false;
    *operation = number < OPERATIONS ? operations[number].name : "unknown";
    *count = self->asked[number];
    return true;
}
