#include "gatewayd/operator/operator_call_state.h"

#include "common/json/json.h"
#include "proto/topic.h"

#include <stdio.h>

/* --- symbols of sources --- */

/* Nothing where nothing was ordered. */
static const char *told_change(text_t changed)
{
    if (json_kind(changed) == JSON_TRUE)
        return "changed";
    return json_kind(changed) == JSON_FALSE ? "it was so already" : "";
}

static void on_ordered(void *arg, unsigned status, text_t answer)
{
    operator_call_t *self = arg;
    self->order = NULL; /* it is over */
    if (status == 200) {
        operator_note(self, told_change(json_member(answer, "changed")));
        operator_put_answer(self, answer);
    } else {
        operator_refuse_as_told(self, status, answer);
    }
    self->ready(self->arg);
}

static void order(operator_call_t *self, const char *op, const operator_target_t *target)
{
    buffer_t request = buffer_new(REQUEST_MAX);
    json_writer_t json = json_write(&request);
    json_open_object(&json, NULL);
    json_put_text(&json, "op", text_of(op));
    json_put_text(&json, "source", target->source);
    if (target->place == OPERATOR_SYMBOL) {
        json_put_text(&json, "symbol", target->symbol);
        json_put_text(&json, "token", buffer_text(&self->calls->connectord));
    }
    json_close_object(&json);
    if (buffer_ok(&request))
        self->order = symbol_order_start(self->calls->hub->history, buffer_text(&request), on_ordered, self);
    if (!self->order)
        operator_refuse(self, 503, "No connectord can be asked now");
    buffer_release(&request);
}

void operator_order(operator_call_t *self, const operator_target_t *target, text_t method)
{
    if (!source_valid(target->source))
        operator_refuse(self, 404, "There is no such source");
    else if (target->place == OPERATOR_OFFERS)
        order(self, "offers", target);
    else if (!subject_valid(target->symbol))
        operator_refuse(self, 400, "symbol: expected one such as BTC-USD, or a channel and a key such as readings.sensor-7");
    else if (self->calls->connectord.length == 0)
        operator_refuse(self, 501, "Symbols can't be changed: connectord.token is not set in the gateway's configuration");
    else
        order(self, text_equal(method, TEXT("PUT")) ? "add" : "remove", target);
}

/* --- history --- */

static const struct {
    const char *code;
    unsigned status;
} clear_statuses[] = {{ERROR_INVALID_SYMBOL, 404}, {ERROR_UNAVAILABLE, 503}};

/* A refused token is the gateway's mistake, not the operator's: 502. */
static void refuse_clear(operator_call_t *self, text_t answer)
{
    text_t error = json_member(answer, "error"), code = TEXT(""), message = json_member(error, "message");
    unsigned status = 502;
    json_plain_string(json_member(error, "code"), &code);
    for (size_t i = 0; i < sizeof clear_statuses / sizeof *clear_statuses; i++)
        if (text_equal(code, text_of(clear_statuses[i].code)))
            status = clear_statuses[i].status;
    if (json_kind(message) == JSON_STRING)
        operator_refuse_as_told(self, status, (text_t){message.at + 1, message.length - 2});
    else
        operator_refuse(self, 502, "History's answer is not one of its protocol");
}

static void on_cleared(void *arg, text_t answer)
{
    operator_call_t *self = arg;
    uint64_t cleared;
    self->clear = NULL; /* it is over */
    if (answer.length == 0) {
        operator_refuse(self, 504, "History did not answer: it may be cleared all the same");
    } else if (!json_valid(answer) || json_kind(json_member(answer, "ok")) != JSON_TRUE) {
        refuse_clear(self, answer);
    } else {
        if (json_u64(json_member(answer, "cleared"), &cleared))
            snprintf(self->detail, sizeof self->detail, "cleared %llu", (unsigned long long)cleared);
        operator_put_answer(self, answer);
    }
    self->ready(self->arg);
}

static void clear_subject(operator_call_t *self, text_t subject)
{
    buffer_t request = buffer_new(REQUEST_MAX);
    json_writer_t json = json_write(&request);
    json_open_object(&json, NULL);
    json_put_text(&json, "op", TEXT("clear"));
    if (subject.length > 0)
        json_put_text(&json, "symbol", subject);
    json_put_text(&json, "token", buffer_text(&self->calls->cached));
    json_close_object(&json);
    if (buffer_ok(&request))
        self->clear = clear_start(self->calls->hub->history, buffer_text(&request), on_cleared, self);
    if (!self->clear)
        operator_refuse(self, 503, "History can't be asked now");
    buffer_release(&request);
}

/* BTC-USD as it is, readings/sensor-7 as readings.sensor-7. False for anything else. */
static bool subject_of(text_t symbol, char room[static SUBJECT_MAX], text_t *subject)
{
    const char *slash = symbol.length > 0 ? memchr(symbol.at, '/', symbol.length) : NULL;
    *subject = (text_t){room, symbol.length};
    if (symbol.length > SUBJECT_MAX)
        return false;
    memcpy(room, symbol.at, symbol.length);
    if (slash)
        room[slash - symbol.at] = '.';
    return symbol.length == 0 || (subject_valid(*subject) && subject_is_symbol(*subject) == !slash);
}

/* All of it only where somebody says so: a script whose symbol is empty does not. */
void operator_clear(operator_call_t *self, const operator_target_t *target, const rest_query_t *query)
{
    static const char *const all[] = {"all", NULL}, *const none[] = {NULL};
    char room[SUBJECT_MAX];
    text_t subject;
    if (!operator_check_names(self, query, target->symbol.length > 0 ? none : all))
        return;
    if (!subject_of(target->symbol, room, &subject))
        operator_refuse(self, 404, "There is no such symbol");
    else if (subject.length == 0 && !text_equal(rest_query_get(query, "all"), TEXT("true")))
        operator_refuse(self, 400, "all: expected true, to clear the history of all symbols");
    else if (self->calls->cached.length == 0)
        operator_refuse(self, 501, "History can't be cleared: cached.token is not set in the gateway's configuration");
    else
        clear_subject(self, subject);
}
