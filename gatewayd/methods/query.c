#include "gatewayd/methods/query.h"

#include "common/json/json.h"
#include "common/json/json_write.h"
#include "common/log.h"
#include "common/net/guesses.h"
#include "gatewayd/forms/params.h"
#include "gatewayd/forms/subject_form.h"
#include "gatewayd/history/page_cache.h"
#include "gatewayd/methods/clear.h"
#include "gatewayd/methods/redaction.h"
#include "gatewayd/streams/history_coverage.h"
#include "gatewayd/streams/notify.h"
#include "gatewayd/streams/recent.h"

#include <stdlib.h>

#define TRADES "trades" /* what history calls the list */

typedef struct {
    task_t task;
    caller_t *caller;
    size_t expected; /* bytes, by caller_expects */
    turn_t turn;
    hub_t *hub;
    answer_form_t form;
    reply_t *reply;
    history_call_t *call; /* one of both is under way */
    clear_t *clear;
    bool guesses;   /* what its token was is still to be told to guesses.h, … */
    text_t address; /* … from this address: the client's, which it does not outlive */
    char symbol_text[SUBJECT_MAX], source_text[SOURCE_MAX];
    text_t symbol;
    bool is_recent; /* getRecentTrades: its trades are a list (dialect.h) */
    bool teaches;   /* recent.h is told what history says: `next`, which bounds it, is not kept */
    recent_query_t question;
    pieces_t pieces; /* what history is asked */
} query_t;

static void tell_guess(query_t *query, guess_t guess)
{
    static log_limit_t limit;
    if (!query->guesses)
        return;
    query->guesses = false;
    uint64_t wait_ms = guesses_tell(query->hub->guesses, query->address, guess, clock_mono_ns());
    if (guess == GUESS_WRONG)
        log_warn_limited(&limit, "clearHistory: wrong token", LOG_SLICE("address", query->address),
                         LOG_U64("waits_ms", wait_ms), LOG_U64("wrong", guesses_wrong(query->hub->guesses)));
}

static void expect_nothing(query_t *query)
{
    caller_has(query->caller, query->expected);
    query->expected = 0;
}

static void query_free(query_t *query)
{
    expect_nothing(query);
    tell_guess(query, query->clear ? GUESS_WRONG : GUESS_UNKNOWN); /* who goes before the answer may know why */
    history_cancel(&query->call);
    clear_cancel(&query->clear);
    list_remove(&query->task.in_caller);
    turns_leave(&query->hub->turns, &query->turn);
    pieces_release(&query->pieces);
    free(query);
}

/* What the client is told of the symbol, and then everything that history said. */
typedef struct {
    buffer_t object;
    text_t list;    /* of getRecentTrades, the trades: they are not in the object, but stay where they are, … */
    size_t list_at; /* … and their place in it is here */
    bool any;       /* history said something */
} told_t;

static void put_symbol(const query_t *query, buffer_t *out)
{
    if (query->symbol.length == 0)
        return;
    json_writer_t json = json_write_on(out);
    subject_form_put(&json, query->symbol);
    json_put_name(&json, TEXT("staleness"));
    notify_put_seconds(out, offers_staleness_ns(query->hub->offers, query->symbol, hub_now_ns(query->hub)));
}

static void put_value(const query_t *query, text_t key, text_t value, buffer_t *out)
{
    const role_t *role = caller_role(query->caller);
    if (redaction_is_none(role))
        buffer_append(out, value);
    else
        redaction_put(role, hub_now_ns(query->hub), key, value, out);
}

static told_t tell(const query_t *query, text_t answer)
{
    told_t told = {.object = buffer_new(0)};
    buffer_append(&told.object, TEXT("{"));
    put_symbol(query, &told.object);
    for (json_walk_t walk = json_walk(answer); json_next(&walk);) {
        if (text_equal(walk.key, TEXT("ok")) || text_equal(walk.key, TEXT("id")))
            continue;
        told.any = true;
        if (query->is_recent && text_equal(walk.key, TEXT(TRADES))) {
            told.list = walk.value;
            told.list_at = told.object.length;
            continue;
        }
        text_t name = text_equal(walk.key, TEXT(TRADES)) ? text_of(subject_form_list(query->symbol)) : walk.key;
        buffer_printf(&told.object, "%s\"%.*s\":", told.object.length > 1 ? "," : "", TEXT_ARG(name));
        put_value(query, walk.key, walk.value, &told.object);
    }
    buffer_append(&told.object, TEXT("}"));
    return told;
}

static void answer_members(query_t *query, text_t answer)
{
    told_t told = tell(query, answer);
    text_t object = buffer_text(&told.object);
    if (!told.any || (query->is_recent && json_kind(told.list) != JSON_ARRAY))
        reply_error(query->reply, RPC_UNAVAILABLE, "Invalid reply from history");
    else if (!buffer_ok(&told.object))
        reply_error(query->reply, RPC_INTERNAL_ERROR, "The answer is too large");
    else if (!query->is_recent)
        reply_result(query->reply, object);
    else
        reply_list(query->reply, &(reply_list_t){.name = subject_form_list(query->symbol),
                                                 .before = {object.at + 1, told.list_at - 1},
                                                 .list = told.list,
                                                 .after = {object.at + told.list_at, object.length - 1 - told.list_at}});
    buffer_release(&told.object);
}

/* What history refused, the client asked for: its own words tell why. */
static void answer_refusal(query_t *query, text_t error)
{
    text_t code;
    param_text_t message;
    if (!json_plain_string(json_member(error, "code"), &code) || !param_text(json_member(error, "message"), &message))
        reply_error(query->reply, RPC_UNAVAILABLE, "Invalid reply from history");
    else if (text_equal(code, TEXT(ERROR_INVALID_SYMBOL)))
        reply_refuse_subject(query->reply, query->symbol, offers_channel_of(query->hub->offers, query->symbol));
    else if (text_starts_with(code, TEXT("invalid_")))
        reply_error(query->reply, RPC_INVALID_PARAMS, "%.*s", (int)message.length, message.bytes);
    else if (text_equal(code, TEXT(ERROR_FORBIDDEN)))
        reply_error(query->reply, RPC_FORBIDDEN, "%.*s", (int)message.length, message.bytes);
    else if (text_equal(code, TEXT(ERROR_UNAVAILABLE)))
        reply_error(query->reply, RPC_UNAVAILABLE, "%.*s", (int)message.length, message.bytes);
    else
        reply_error(query->reply, RPC_INTERNAL_ERROR, "%.*s", (int)message.length, message.bytes);
}

static bool answer_with(const ready_answer_t *ready, reply_t *reply)
{
    if (ready)
        reply_placed(reply, ready->bytes.bytes + ANSWER_ROOM, answer_text(ready).length - 1);
    return ready != NULL;
}

static const ready_answer_t *make_recent(const query_t *query)
{
    return recent_make(query->hub->recent, &query->question, query->form, hub_now_ns(query->hub));
}

/* What history says of the last trades is good for the next one who asks, and for this one, too: all get the same text. */
static bool answered_by_rings(query_t *query, text_t answer)
{
    if (!query->teaches)
        return false;
    history_coverage_learn(query->hub->markets, &query->question, answer, hub_now_ns(query->hub));
    return answer_with(make_recent(query), query->reply);
}

/* --- an answer in pieces --- */

/* What goes in front of the trades, and behind them; the last byte of all is the form's own (reply_placed). */
static void frame_trades(const query_t *query, buffer_t *front, buffer_t *behind)
{
    answer_form_t form = query->form == ANSWER_LIST && !query->is_recent ? ANSWER_RPC : query->form;
    buffer_t members = buffer_new(0), others = buffer_new(0);
    put_symbol(query, &members);
    pieces_put_others(&query->pieces, &others);
    answer_form_begin(form, buffer_text(&members), front);
    if (form != ANSWER_LIST)
        buffer_printf(front, "\"%s\":", subject_form_list(query->symbol));
    buffer_append(front, TEXT("["));
    buffer_append(behind, TEXT("]"));
    answer_form_end(form, buffer_text(&members), buffer_text(&others), buffer_text(&query->pieces.next), behind);
    buffer_release(&members);
    buffer_release(&others);
}

/* The trades stay where they have gathered: what goes around them is put around them there. */
static void answer_pieces(query_t *query)
{
    buffer_t *trades = &query->pieces.trades, front = buffer_new(PIECES_FRONT), behind = buffer_new(0);
    frame_trades(query, &front, &behind);
    buffer_append(trades, buffer_text(&behind));
    if (buffer_ok(&front) && buffer_ok(&behind) && buffer_ok(trades)) {
        char *result = trades->bytes + PIECES_ROOM - front.length;
        memcpy(result, front.bytes, front.length);
        reply_placed(query->reply, result, trades->length - PIECES_ROOM + front.length - 1);
    } else {
        reply_error(query->reply, RPC_INTERNAL_ERROR, "The answer is too large");
    }
    buffer_release(&front);
    buffer_release(&behind);
}

static bool ask_history(query_t *query);

/* True when the query is over. */
static bool take_piece(query_t *query, text_t answer)
{
    pieces_state_t state = pieces_take(&query->pieces, answer);
    if (state == PIECES_MORE && ask_history(query))
        return false;
    expect_nothing(query);
    if (state == PIECES_DONE)
        answer_pieces(query);
    else if (state == PIECES_INVALID)
        reply_error(query->reply, RPC_UNAVAILABLE, "Invalid reply from history");
    return true;
}

/* --- asking --- */

static void on_answer(void *arg, text_t answer)
{
    query_t *query = arg;
    bool over = true;
    query->call = NULL;
    if (!query->pieces.many)
        expect_nothing(query);
    if (answer.length == 0)
        reply_error(query->reply, RPC_UNAVAILABLE, "History is not available now");
    else if (query->pieces.many && json_kind(json_member(answer, "ok")) == JSON_TRUE)
        over = take_piece(query, answer); /* which checks it: a scan of it takes long */
    else if (!json_valid(answer))
        reply_error(query->reply, RPC_UNAVAILABLE, "Invalid reply from history");
    else if (json_kind(json_member(answer, "ok")) != JSON_TRUE)
        answer_refusal(query, json_member(answer, "error"));
    else if (!answered_by_rings(query, answer))
        answer_members(query, answer);
    if (over)
        query_free(query);
}

/* Asks for what is next. False with an error. */
static bool ask_history(query_t *query)
{
    buffer_t request = buffer_new(REQUEST_MAX);
    pieces_print(&query->pieces, &request);
    bool wanted = reply_wanted(query->reply);
    if (wanted && buffer_ok(&request))
        query->call = history_ask(query->hub->history, buffer_text(&request), on_answer, query);
    if (!query->call)
        reply_error(query->reply, RPC_UNAVAILABLE, wanted ? "History is not available now" : "The batch is over its limit");
    buffer_release(&request);
    return query->call != NULL;
}

/* There must be room for the answer among all that waits for clients. False with an error. */
static bool expect(query_t *query)
{
    if (!caller_expects(query->caller, query->turn.bytes)) {
        reply_crowded(query->reply);
        return false;
    }
    query->expected = query->turn.bytes;
    return true;
}

/* Its turn has come. What would have taken the rings too long at once they may answer now. */
static void on_turn(turn_t *turn)
{
    query_t *query = LIST_OWNER(turn, query_t, turn);
    bool large = query->teaches && query->question.count > RECENT_AT_ONCE && reply_wanted(query->reply);
    if ((large && answer_with(make_recent(query), query->reply)) || !expect(query) || !ask_history(query))
        query_free(query);
}

static void remember(query_t *query, const recent_query_t *question)
{
    query->is_recent = true;
    query->teaches = question->next.length == 0;
    query->question = *question;
    query->question.symbol = query->symbol;
    if (question->source.length > 0)
        memcpy(query->source_text, question->source.at, question->source.length);
    query->question.source.at = query->source_text;
}

static void cancel(task_t *task)
{
    query_t *query = LIST_OWNER(task, query_t, task);
    reply_error(query->reply, RPC_UNAVAILABLE, "The connection is closing");
    query_free(query);
}

/* NULL when memory runs out: the client is told. */
static query_t *query_new(caller_t *caller, reply_t *reply, text_t symbol)
{
    query_t *query = calloc(1, sizeof *query);
    if (!query) {
        reply_error(reply, RPC_INTERNAL_ERROR, "Out of memory");
        return NULL;
    }
    query->task.cancel = cancel;
    query->caller = caller;
    query->hub = caller->hub;
    query->form = caller->form;
    query->reply = reply;
    memcpy(query->symbol_text, symbol.at, symbol.length);
    query->symbol = (text_t){query->symbol_text, symbol.length};
    list_init(&query->task.in_caller);
    list_append(&caller->tasks, &query->task.in_caller);
    return query;
}

/* About how long the answer may be. A candle is shorter than a trade. */
static size_t bytes_of(const asked_t *asked)
{
    return (size_t)(asked->count > 0 ? asked->count : 1) * PIECE_TRADE_BYTES;
}

void query_start(caller_t *caller, reply_t *reply, text_t symbol, const asked_t *asked, const recent_query_t *recent)
{
    query_t *query = query_new(caller, reply, symbol);
    if (!query)
        return;
    if (recent)
        remember(query, recent);
    query->turn.bytes = bytes_of(asked);
    query->turn.begin = on_turn;
    if (!pieces_init(&query->pieces, asked))
        reply_error(reply, RPC_INTERNAL_ERROR, "Out of memory");
    else if (!turns_enter(&caller->hub->turns, &caller->asker, &query->turn))
        reply_error(reply, RPC_UNAVAILABLE, "Too many queries wait for history: ask again later");
    else
        return;
    query_free(query);
}

bool query_answer_recent(const caller_t *caller, reply_t *reply, const recent_query_t *recent)
{
    const hub_t *hub = caller->hub;
    return answer_with(recent_find(hub->recent, recent, caller->form, hub_now_ns(hub)), reply);
}

static guess_t guess_of(text_t answer)
{
    text_t code;
    if (json_kind(json_member(answer, "ok")) == JSON_TRUE)
        return GUESS_RIGHT;
    bool told = json_plain_string(json_member(json_member(answer, "error"), "code"), &code);
    return told && text_equal(code, TEXT(ERROR_FORBIDDEN)) ? GUESS_WRONG : GUESS_UNKNOWN;
}

/* What the gateway has may be told no more, whether all did it or some. */
static void on_cleared(void *arg, text_t answer)
{
    query_t *query = arg;
    query->clear = NULL;
    tell_guess(query, guess_of(answer));
    history_coverage_forget(query->hub->markets);
    page_cache_expire(query->hub->pages, INT64_MAX);
    on_answer(query, answer);
}

void query_clear(caller_t *caller, reply_t *reply, text_t history_request)
{
    uint64_t wait_ms;
    guesses_t *guesses = caller->hub->guesses;
    if (guesses && !guesses_try(guesses, caller->address, clock_mono_ns(), &wait_ms)) {
        reply_error(reply, RPC_FORBIDDEN,
                    "No token from this address is checked for %llu ms: one was wrong, or too many are being checked",
                    (unsigned long long)wait_ms);
        return;
    }
    query_t *query = query_new(caller, reply, TEXT(""));
    if (!query) {
        if (guesses)
            guesses_tell(guesses, caller->address, GUESS_UNKNOWN, clock_mono_ns());
        return;
    }
    query->guesses = guesses != NULL;
    query->address = caller->address;
    query->clear = clear_start(caller->hub->history, history_request, on_cleared, query);
    if (query->clear)
        return;
    reply_error(reply, RPC_UNAVAILABLE, "History is not available now");
    query_free(query);
}
