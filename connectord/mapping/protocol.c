#include "connectord/mapping/protocol.h"

#include "common/json/json.h"
#include "common/json/json_write.h"
#include "common/json/pointers.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOUND_MAX = 80, TEXT_MAX_BYTES = 4096 };

struct protocol {
    char *texts; /* owned: the texts below, unescaped */
    size_t text_bytes;
    template_t subscribe, unsubscribe;
    text_t ping;
    uint32_t ping_ms;
    spelling_t *spelling;
    mapping_t *replies; /* NULL: none is known */
    bool confirmed, ended;
    bool numbered;
    pointers_t sequence; /* where the number of a message stands */
};

/* A reading of the configuration. */
typedef struct {
    protocol_t *protocol;
    buffer_t replies; /* the rules of replies, as a mapping */
    char *error;
} protocol_reading_t;

static bool wrong(const protocol_reading_t *self, const char *key, const char *what, text_t found)
{
    snprintf(self->error, MAPPING_ERROR_MAX, "websocket%s%s: %s%.*s", *key ? "." : "", key, what,
             TEXT_ARG(text_cut(found, FOUND_MAX)));
    return false;
}

static bool text_in(const protocol_reading_t *self, const char *key, text_t raw, text_t *text)
{
    char *room = self->protocol->texts + self->protocol->text_bytes;
    if (!json_string(raw, room, text))
        return wrong(self, key, "expected a text, found ", raw);
    if (text->at == room) {
        self->protocol->text_bytes += text->length;
        return true;
    }
    memcpy(room, text->at, text->length); /* what is not escaped stands in the JSON, which is not ours */
    text->at = room;
    self->protocol->text_bytes += text->length;
    return true;
}

static bool template_in(const protocol_reading_t *self, const char *key, text_t raw, template_t *out)
{
    char error[TEMPLATE_ERROR_MAX];
    text_t text;
    if (!text_in(self, key, raw, &text))
        return false;
    return template_compile(out, text, error) || wrong(self, key, error, TEXT(""));
}

static bool ping_in(const protocol_reading_t *self, text_t raw)
{
    uint64_t every_ms = 0;
    for (json_walk_t walk = json_walk(raw); json_next(&walk);) {
        if (text_equal(walk.key, TEXT("text"))) {
            if (!text_in(self, "ping.text", walk.value, &self->protocol->ping))
                return false;
        } else if (!text_equal(walk.key, TEXT("every_ms"))) {
            return wrong(self, "ping", "expected text or every_ms, found ", walk.key);
        } else if (!json_u64(walk.value, &every_ms) || every_ms < PROTOCOL_PING_MIN_MS || every_ms > PROTOCOL_PING_MAX_MS) {
            return wrong(self, "ping.every_ms", "expected 1000 to 3600000, found ", walk.value);
        }
    }
    self->protocol->ping_ms = (uint32_t)every_ms;
    return (every_ms > 0 && self->protocol->ping.length > 0) || wrong(self, "ping", "expected text and every_ms", TEXT(""));
}

static bool spelling_in(const protocol_reading_t *self, text_t raw)
{
    char error[TEMPLATE_ERROR_MAX];
    self->protocol->spelling = spelling_new(raw, error);
    return self->protocol->spelling || wrong(self, "native", error, TEXT(""));
}

/* A field that is always empty. */
static void put_nothing(json_writer_t *json, const char *name)
{
    if (!name)
        return;
    json_open_object(json, name);
    json_put_text(json, "value", TEXT(""));
    json_close_object(json);
}

/* A reply is a rule of another channel; where it names no symbol its key is empty, and a reason is its data. */
static bool reply_in(protocol_reading_t *self, const char *name, text_t raw)
{
    buffer_t *out = &self->replies;
    bool named = false, reasoned = false;
    if (json_kind(raw) != JSON_OBJECT)
        return wrong(self, name, "expected an object, found ", raw);
    json_writer_t json = json_write_on(out);
    if (out->length == 0)
        json_open_array(&json, NULL);
    json_open_object(&json, NULL);
    json_put_text(&json, "channel", text_of(name));
    for (json_walk_t walk = json_walk(raw); json_next(&walk);) {
        bool reason = text_equal(walk.key, TEXT("reason"));
        named |= text_equal(walk.key, TEXT("symbol"));
        reasoned |= reason;
        json_put_name(&json, reason ? TEXT("data") : walk.key);
        json_put_raw(&json, NULL, walk.value);
    }
    put_nothing(&json, named ? NULL : "key");
    put_nothing(&json, reasoned ? NULL : "data");
    json_close_object(&json);
    return buffer_ok(out) || wrong(self, name, "out of memory", TEXT(""));
}

static bool sequence_in(const protocol_reading_t *self, text_t raw)
{
    unsigned place;
    text_t pointer;
    if (!text_in(self, "sequence", raw, &pointer))
        return false;
    pointers_init(&self->protocol->sequence);
    const char *fault = pointers_add(&self->protocol->sequence, pointer, &place);
    self->protocol->numbered = !fault;
    return !fault || wrong(self, "sequence", fault, TEXT(""));
}

static bool member_in(protocol_reading_t *self, const json_walk_t *walk)
{
    protocol_t *protocol = self->protocol;
    if (text_equal(walk->key, TEXT("subscribe")))
        return template_in(self, "subscribe", walk->value, &protocol->subscribe);
    if (text_equal(walk->key, TEXT("unsubscribe")))
        return template_in(self, "unsubscribe", walk->value, &protocol->unsubscribe);
    if (text_equal(walk->key, TEXT("native")))
        return spelling_in(self, walk->value);
    if (text_equal(walk->key, TEXT("ping")))
        return ping_in(self, walk->value);
    if (text_equal(walk->key, TEXT("sequence")))
        return sequence_in(self, walk->value);
    if (text_equal(walk->key, TEXT("confirmed")))
        return (protocol->confirmed = reply_in(self, "confirmed", walk->value));
    if (text_equal(walk->key, TEXT("ended")))
        return (protocol->ended = reply_in(self, "ended", walk->value));
    if (text_equal(walk->key, TEXT("refused")))
        return reply_in(self, "refused", walk->value);
    return wrong(self, "", "expected native, subscribe, unsubscribe, ping, sequence, confirmed, ended or refused, found ",
                 walk->key);
}

static bool compile_replies(protocol_reading_t *self)
{
    char error[MAPPING_ERROR_MAX];
    if (self->replies.length == 0)
        return true;
    json_writer_t json = json_write_on(&self->replies);
    json_close_array(&json);
    self->protocol->replies = mapping_new(buffer_text(&self->replies), error);
    if (!self->protocol->replies)
        return wrong(self, "", "replies: ", text_of(error));
    mapping_take_anything(self->protocol->replies);
    return true;
}

static bool read_json(protocol_reading_t *self, text_t json)
{
    if (!json_valid(json) || !json_walk(json).object)
        return wrong(self, "", "expected an object, found ", json);
    for (json_walk_t walk = json_walk(json); json_next(&walk);) {
        if (!member_in(self, &walk))
            return false;
    }
    if (self->protocol->subscribe.count == 0)
        return wrong(self, "subscribe", "missing", TEXT(""));
    return (self->protocol->spelling || spelling_in(self, TEXT(""))) && compile_replies(self);
}

protocol_t *protocol_new(text_t json, char error[static MAPPING_ERROR_MAX])
{
    protocol_t *self = calloc(1, sizeof *self);
    protocol_reading_t reading = {.protocol = self, .replies = buffer_new(0), .error = error};
    snprintf(error, MAPPING_ERROR_MAX, "websocket: out of memory");
    if (!self || !(self->texts = malloc(json.length + 1)) || !read_json(&reading, json))
        protocol_destroy(&self);
    buffer_release(&reading.replies);
    return self;
}

void protocol_destroy(protocol_t **self_p)
{
    protocol_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    mapping_destroy(&self->replies);
    spelling_destroy(&self->spelling);
    free(self->texts);
    free(self);
}

bool protocol_confirms(const protocol_t *self, bool subscribe)
{
    return subscribe ? self->confirmed : self->ended;
}

bool protocol_unsubscribes(const protocol_t *self)
{
    return self->unsubscribe.count > 0;
}

void protocol_print(const protocol_t *self, bool subscribe, text_t subject, text_t token, buffer_t *out)
{
    template_values_t values = {.native = spelling_native(self->spelling, subject), .token = token};
    subject_split(subject, &values.channel, &values.symbol);
    template_print(subscribe ? &self->subscribe : &self->unsubscribe, &values, true, out);
}

text_t protocol_ping(const protocol_t *self, uint32_t *every_ms)
{
    *every_ms = self->ping_ms;
    return self->ping;
}

protocol_numbering_t protocol_number(const protocol_t *self, text_t message, uint64_t *number)
{
    text_t found[POINTERS_MAX];
    unsigned twice;
    if (!self->numbered)
        return PROTOCOL_UNNUMBERED;
    bool read = pointers_find(&self->sequence, message, found, &twice) == POINTERS_FOUND && json_u64(found[0], number);
    return read ? PROTOCOL_NUMBERED : PROTOCOL_UNREADABLE;
}

spelling_t *protocol_spelling(protocol_t *self)
{
    return self->spelling;
}

/* --- replies --- */

typedef struct {
    protocol_reply_fn *told;
    void *arg;
} listener_told_t;

static void on_reply(void *arg, const mapping_record_t *record)
{
    const listener_told_t *self = arg;
    char room[TEXT_MAX_BYTES];
    text_t reason = {"", 0};
    protocol_reply_t reply = text_equal(record->channel, TEXT("confirmed")) ? PROTOCOL_CONFIRMED
                             : text_equal(record->channel, TEXT("ended"))   ? PROTOCOL_ENDED
                                                                            : PROTOCOL_REFUSED;
    if (!json_string(record->data, room, &reason))
        reason = record->data;
    self->told(self->arg, reply, record->key, record->id, reason);
}

/* What does not look like the reply that it should be says nothing. */
static void on_fault(void *arg, const char *reason, text_t sample)
{
    (void)arg;
    (void)reason;
    (void)sample;
}

static bool on_key(void *arg, text_t channel, text_t native, text_t *key)
{
    (void)arg;
    (void)channel;
    *key = native;
    return true;
}

void protocol_read(protocol_t *self, text_t message, protocol_reply_fn *told, void *arg)
{
    static const mapping_events_t events = {.record = on_reply, .fault = on_fault, .key = on_key};
    listener_told_t listener = {told, arg};
    if (self->replies)
        mapping_run(self->replies, message, 0, &events, &listener);
}
