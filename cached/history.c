#include "cached/history.h"

#include <assert.h>
#include <stdlib.h>

#include "cached/answer_candles.h"
#include "cached/range.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/timestamp.h"
#include "proto/request.h"
#include "proto/topic.h"

enum { TAIL_ROOM = 256 /* what follows the trades in an answer */, NS_DIGITS = 9, OPERATIONS_MAX = 16 };

struct history {
    shelf_t *shelf;
    buffer_t token; /* as a JSON string, the form in which requests bring it */
    buffer_t answer;
    history_counts_t counts;
    history_ready_fn *ready; /* may be NULL */
    const void *ready_arg;
    uint64_t asked[OPERATIONS_MAX]; /* by the operation's place in the table; what is none at its end */
};

/* Takes the same time wherever the texts differ, so that nobody finds a token letter by letter. */
static bool same_secret(text_t given, text_t secret)
{
    unsigned difference = given.length != secret.length;
    for (size_t i = 0; i < given.length && secret.length > 0; i++)
        difference |= (unsigned char)(given.at[i] ^ secret.at[i % secret.length]);
    return difference == 0;
}

static void print_trades(const request_t *request, merge_t merge, buffer_t *answer)
{
    tape_trade_t trade;
    answer_begin(answer, request);
    buffer_append(answer, TEXT(",\"trades\":["));
    for (uint64_t i = 0; i < request->count && merge_next(&merge, &trade); i++) {
        if (answer->length + trade.json.length + TAIL_ROOM > HISTORY_ANSWER_MAX)
            break;
        if (i > 0)
            buffer_append(answer, TEXT(","));
        buffer_append(answer, trade.json);
    }
    buffer_append(answer, TEXT("]}"));
}

static bool find_symbol(const history_t *self, const request_t *request, shelf_symbol_t *found, buffer_t *answer)
{
    if (shelf_symbol(self->shelf, request->symbol, found))
        return true;
    answer_error(answer, request, ERROR_INVALID_SYMBOL, "Invalid symbol: %.*s", TEXT_ARG(request->symbol));
    return false;
}

/* Up to which number of a tape a request wants trades: up to its end, or what `upto` says of its source. */
static uint64_t wanted_end(const request_t *request, const tape_t *tape)
{
    text_t symbol, source;
    cursor_t upto;
    if (request->upto.length == 0)
        return tape_end(tape);
    if (!topic_parse(tape_topic(tape), &symbol, &source) || !request_upto(request, source, &upto))
        return tape_first(tape);
    return tape_find(tape, (cursor_t){upto.epoch, upto.seq + 1});
}

static void answer_recent(history_t *self, const request_t *request, buffer_t *answer)
{
    shelf_symbol_t found;
    if (!find_symbol(self, request, &found, answer))
        return;
    uint64_t ends[MERGE_MAX];
    for (size_t i = 0; i < found.tape_count; i++)
        ends[i] = wanted_end(request, found.tapes[i]);
    int64_t before_ns = request->has_before ? request->before_ns : INT64_MAX;
    print_trades(request, merge_newest(found.tapes, ends, found.tape_count, before_ns), answer);
}

static void answer_since(history_t *self, const request_t *request, buffer_t *answer)
{
    shelf_symbol_t found;
    if (!find_symbol(self, request, &found, answer))
        return;
    int64_t after_ns = request->has_after ? request->after_ns : INT64_MIN;
    print_trades(request, merge_oldest(found.tapes, found.tape_count, after_ns), answer);
}

static void answer_range(history_t *self, const request_t *request, buffer_t *answer)
{
    const tape_t *tape = shelf_find(self->shelf, request->topic);
    if (!tape && !shelf_offered(self->shelf, request->topic)) {
        answer_error(answer, request, ERROR_INVALID_TOPIC, "Invalid topic: %.*s", TEXT_ARG(request->topic));
        return;
    }
    answer_begin(answer, request);
    if (tape)
        range_print(tape, request, HISTORY_ANSWER_MAX - TAIL_ROOM, answer);
    else
        buffer_append(answer, TEXT(",\"trades\":[],\"missing\":0"));
    buffer_append(answer, TEXT("}"));
}

static void find_candles(history_t *self, const request_t *request, buffer_t *answer)
{
    shelf_symbol_t found;
    if (find_symbol(self, request, &found, answer))
        answer_candles(request, &found, answer);
}

static void answer_symbols(history_t *self, const request_t *request, buffer_t *answer)
{
    shelf_symbol_t found;
    size_t at = 0;
    answer_begin(answer, request);
    buffer_append(answer, TEXT(",\"symbols\":["));
    for (bool first = true; shelf_next(self->shelf, &at, &found); first = false) {
        if (!first)
            buffer_append(answer, TEXT(","));
        buffer_append_json_string(answer, found.symbol);
    }
    buffer_append(answer, TEXT("]}"));
}

/* A trade's cursor and timestamp: ,"first":"E-1","firstTimestamp":"…" */
static void print_place(const tape_t *tape, uint64_t number, const char *name, buffer_t *answer)
{
    tape_trade_t trade = tape_at(tape, number);
    char cursor[CURSOR_MAX], timestamp[TIMESTAMP_MAX];
    int cursor_length = (int)cursor_print(cursor, trade.cursor);
    int timestamp_length = (int)timestamp_print(timestamp, trade.timestamp_ns, NS_DIGITS);
    buffer_printf(answer, ",\"%s\":\"%.*s\",\"%sTimestamp\":\"%.*s\"", name, cursor_length, cursor, name, timestamp_length,
                  timestamp);
}

static void print_stats(const tape_t *tape, buffer_t *answer)
{
    text_t symbol, source;
    if (!topic_parse(tape_topic(tape), &symbol, &source))
        return;
    buffer_append(answer, TEXT("{\"topic\":"));
    buffer_append_json_string(answer, tape_topic(tape));
    buffer_append(answer, TEXT(",\"symbol\":"));
    buffer_append_json_string(answer, symbol);
    buffer_append(answer, TEXT(",\"source\":"));
    buffer_append_json_string(answer, source);
    buffer_append(answer, TEXT(",\"trades\":"));
    buffer_append_u64(answer, tape_count(tape));
    if (tape_count(tape) > 0) {
        print_place(tape, tape_first(tape), "first", answer);
        print_place(tape, tape_end(tape) - 1, "last", answer);
    }
    buffer_append(answer, TEXT(",\"bytes\":"));
    buffer_append_u64(answer, tape_bytes(tape));
    buffer_append(answer, TEXT("}"));
}

static void print_stats_of(const shelf_symbol_t *symbol, bool *first, buffer_t *answer)
{
    for (size_t i = 0; i < symbol->tape_count; i++, *first = false) {
        if (!*first)
            buffer_append(answer, TEXT(","));
        print_stats(symbol->tapes[i], answer);
    }
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
        print_stats_of(&found, &first, answer);
    while (!one && shelf_next(self->shelf, &at, &found))
        print_stats_of(&found, &first, answer);
    buffer_append(answer, TEXT("]}"));
}

static uint64_t clear_symbol(const shelf_symbol_t *symbol)
{
    uint64_t cleared = 0;
    for (size_t i = 0; i < symbol->tape_count; i++) {
        cleared += tape_count(symbol->tapes[i]);
        tape_clear(symbol->tapes[i]);
    }
    return cleared;
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

static void answer_clear(history_t *self, const request_t *request, buffer_t *answer)
{
    shelf_symbol_t found;
    size_t at = 0;
    uint64_t cleared = 0;
    bool one = request->symbol.length > 0;
    if (!may_clear(self, request, answer) || (one && !find_symbol(self, request, &found, answer)))
        return;
    if (one)
        cleared = clear_symbol(&found);
    while (!one && shelf_next(self->shelf, &at, &found))
        cleared += clear_symbol(&found);
    log_info("history: cleared on request", LOG_SLICE("symbol", one ? request->symbol : TEXT("all")),
             LOG_U64("trades", cleared));
    answer_begin(answer, request);
    buffer_append(answer, TEXT(",\"cleared\":"));
    buffer_append_u64(answer, cleared);
    buffer_append(answer, TEXT("}"));
}

static void answer_ready(history_t *self, const request_t *request, buffer_t *answer)
{
    bool ready = !self->ready || self->ready(self->ready_arg);
    answer_begin(answer, request);
    buffer_append(answer, ready ? TEXT(",\"ready\":true}") : TEXT(",\"ready\":false}"));
}

static const struct {
    const char *name;
    void (*answer)(history_t *self, const request_t *request, buffer_t *answer);
} operations[] = {
    {"recent", answer_recent},   {"since", answer_since}, {"range", answer_range}, {"candles", find_candles},
    {"symbols", answer_symbols}, {"stats", answer_stats}, {"clear", answer_clear}, {"ready", answer_ready},
};

#define OPERATIONS (sizeof operations / sizeof *operations)
static_assert(OPERATIONS < OPERATIONS_MAX, "history_t.asked has a place for each, and one more");

/* The operation's place in the table; OPERATIONS when it is none. */
static size_t find_operation(text_t name)
{
    size_t i = 0;
    while (i < OPERATIONS && !text_equal(name, text_of(operations[i].name)))
        i++;
    return i;
}

static void answer_request(history_t *self, text_t json, request_t *request)
{
    size_t operation = request_parse(json, request, &self->answer) ? find_operation(request->op) : SIZE_MAX;
    if (operation < OPERATIONS)
        operations[operation].answer(self, request, &self->answer);
    else if (operation == OPERATIONS)
        answer_error(&self->answer, request, ERROR_UNKNOWN_OP, "Unknown op: %.*s", TEXT_ARG(request->op));
    self->asked[operation < OPERATIONS ? operation : OPERATIONS]++;
    if (buffer_ok(&self->answer))
        return;
    buffer_clear(&self->answer);
    answer_error(&self->answer, request, ERROR_INTERNAL, "the answer does not fit into memory: ask for less");
}

history_t *history_new(shelf_t *shelf, const char *token)
{
    history_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->shelf = shelf;
    self->answer = buffer_new(HISTORY_ANSWER_MAX);
    self->token = buffer_new(0);
    buffer_append_json_string(&self->token, text_of(token));
    if (!buffer_ok(&self->token))
        history_destroy(&self);
    return self;
}

void history_on_ready(history_t *self, history_ready_fn *ready, const void *arg)
{
    self->ready = ready;
    self->ready_arg = arg;
}

void history_destroy(history_t **self)
{
    history_t *history = *self;
    if (!history)
        return;
    buffer_release(&history->token);
    buffer_release(&history->answer);
    free(history);
    *self = NULL;
}

text_t history_answer(history_t *self, text_t json)
{
    request_t request = {0};
    int64_t start_ns = clock_mono_ns();
    buffer_clear(&self->answer);
    answer_request(self, json, &request);
    self->counts.answers++;
    self->counts.errors += text_starts_with(buffer_text(&self->answer), TEXT("{\"ok\":false"));
    self->counts.bytes += self->answer.length;
    histogram_note(&self->counts.time, clock_mono_ns() - start_ns);
    return buffer_text(&self->answer);
}

const history_counts_t *history_counts(const history_t *self)
{
    return &self->counts;
}

bool history_asked(const history_t *self, size_t number, const char **operation, uint64_t *count)
{
    if (number > OPERATIONS)
        return false;
    *operation = number < OPERATIONS ? operations[number].name : "unknown";
    *count = self->asked[number];
    return true;
}
