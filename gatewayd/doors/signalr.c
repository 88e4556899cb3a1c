#include "gatewayd/doors/signalr.h"

#include "common/json/json.h"
#include "common/json/json_write.h"
#include "gatewayd/forms/frame.h"
#include "gatewayd/forms/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { SEPARATOR = 0x1e, OUT_MORE = 4096 /* bytes around an invocationId */ };

/* Types of messages in the hub protocol. The others are answers to what the gateway never asks, or of versions that it does not speak:
 * they are ignored, as the protocol wants it. */
enum { INVOCATION = 1, STREAM_INVOCATION = 4, CLOSE = 7 };

typedef enum { STATE_HANDSHAKE, STATE_OPEN, STATE_OVER } signalr_state_t;

struct signalr {
    conversation_t *talk;
    struct rpc_session *rpc;
    void (*receive)(struct rpc_session *rpc, text_t message);
    signalr_state_t state;
    size_t record_bytes;
    buffer_t record;  /* of which the end has not come yet */
    buffer_t message; /* the JSON-RPC in an invocation */
    buffer_t out, frame;
    int64_t begun_ns, pinged_ns;
    unsigned why_code; /* 0: it is not over, or the client wished it */
    size_t why_length;
    char why[FRAME_REASON_MAX];
};

/* Sends the record that stands in self->out. */
static void send_record(signalr_t *self)
{
    buffer_clear(&self->frame);
    buffer_append(&self->out, TEXT("\x1e"));
    frame_append_text(&self->frame, buffer_text(&self->out));
    if (buffer_ok(&self->out) && buffer_ok(&self->frame))
        conversation_send_frame(self->talk, buffer_text(&self->frame));
    buffer_clear(&self->out);
}

static void keep_why(signalr_t *self, unsigned code, text_t reason)
{
    self->why_code = code;
    self->why_length = reason.length < sizeof self->why ? reason.length : sizeof self->why;
    memcpy(self->why, reason.at, self->why_length);
}

/* The types of messages that the hub protocol has a number for. */
enum { TYPE_COMPLETION = 3, TYPE_PING = 6, TYPE_CLOSE = 7 };

static json_writer_t begin_message(signalr_t *self, unsigned type)
{
    json_writer_t json = json_write(&self->out);
    json_open_object(&json, NULL);
    json_put_u64(&json, "type", type);
    return json;
}

/* A close message, or, before the handshake is over, the answer to that. error.at: NULL without one. */
static void put_close(signalr_t *self, bool open, text_t error, bool may_come_back)
{
    json_writer_t json = json_write(&self->out);
    if (open)
        json = begin_message(self, TYPE_CLOSE);
    else
        json_open_object(&json, NULL);
    if (error.at)
        json_put_text(&json, "error", error);
    if (may_come_back)
        json_put_bool(&json, "allowReconnect", true);
    json_close_object(&json);
}

/* Ends it with a close message, with that code; error: why. One that was silent may come back. */
static void end_with(signalr_t *self, unsigned code, const char *error)
{
    if (self->state == STATE_OVER)
        return;
    bool silent = self->state == STATE_OPEN && code == CLOSE_POLICY;
    put_close(self, self->state == STATE_OPEN, text_of(error), silent);
    self->state = STATE_OVER;
    keep_why(self, code, text_of(error));
    send_record(self);
}

static void end(signalr_t *self, const char *error)
{
    end_with(self, CLOSE_NORMAL, error);
}

#define HANDSHAKE_EXAMPLE "{\"protocol\":\"json\",\"version\":1}"

static void take_handshake(signalr_t *self, text_t record)
{
    param_text_t protocol;
    uint64_t version;
    char error[REPLY_MESSAGE_MAX];
    text_t name = json_member(record, "protocol");
    if (!param_text(name, &protocol) || !json_u64(json_member(record, "version"), &version)) {
        end(self, "expected a handshake such as " HANDSHAKE_EXAMPLE);
    } else if (!text_equal(param_slice(&protocol), TEXT("json"))) {
        snprintf(error, sizeof error, "Requested protocol '%.*s' is not available.", TEXT_ARG(param_shown(name, &protocol)));
        end(self, error);
    } else if (version != 1) {
        snprintf(error, sizeof error, "The server does not support version %llu of the 'json' protocol.",
                 (unsigned long long)version);
        end(self, error);
    } else {
        self->state = STATE_OPEN;
        buffer_append(&self->out, TEXT("{}"));
        send_record(self);
    }
}

/* Answers an invocation that wants an answer. error: NULL for success. */
static void complete(signalr_t *self, text_t record, const char *error)
{
    text_t identity = json_member(record, "invocationId");
    if (json_kind(identity) != JSON_STRING)
        return;
    json_writer_t json = begin_message(self, TYPE_COMPLETION);
    json_put_raw(&json, "invocationId", identity);
    if (error)
        json_put_text(&json, "error", text_of(error));
    json_close_object(&json);
    send_record(self);
}

/* The one text among the arguments. What is wrong with them, or NULL. */
static const char *read_argument(signalr_t *self, text_t record, text_t *argument)
{
    text_t arguments = json_member(record, "arguments"), value = {0};
    size_t count = 0;
    if (json_kind(arguments) != JSON_ARRAY)
        return "arguments: expected an array of one string";
    for (json_walk_t walk = json_walk(arguments); json_next(&walk); count++)
        value = walk.value;
    if (count != 1 || json_kind(value) != JSON_STRING)
        return "arguments: expected an array of one string";
    buffer_clear(&self->message);
    char *room = buffer_room(&self->message, value.length);
    return room && json_string(value, room, argument) ? NULL : "arguments: too long";
}

static bool is_target(text_t target, param_text_t *name)
{
    static const text_t known = {"SendMessage", 11};
    return param_text(target, name) && name->length == known.length && strncasecmp(name->bytes, known.at, known.length) == 0;
}

static void invoke(signalr_t *self, text_t record, uint64_t type)
{
    param_text_t name;
    text_t target = json_member(record, "target"), argument = {0};
    char unknown[REPLY_MESSAGE_MAX];
    const char *error = NULL;
    if (!is_target(target, &name)) {
        snprintf(unknown, sizeof unknown, "Unknown hub method '%.*s'", TEXT_ARG(param_shown(target, &name)));
        error = unknown;
    } else if (type == STREAM_INVOCATION) {
        error = "The client attempted to invoke the non-streaming 'SendMessage' method with a streaming invocation.";
    } else {
        error = read_argument(self, record, &argument);
    }
    if (!error)
        self->receive(self->rpc, argument);
    else if (conversation_limited(self->talk) > 0)
        error = "Too many requests: wait before the next one";
    complete(self, record, error);
}

static void take_record(signalr_t *self, text_t record)
{
    uint64_t type;
    if (!json_valid(record) || json_kind(record) != JSON_OBJECT) {
        end(self, "expected one JSON object in a record");
    } else if (self->state == STATE_HANDSHAKE) {
        take_handshake(self, record);
    } else if (!json_u64(json_member(record, "type"), &type)) {
        end(self, "type: expected a whole number");
    } else if (type == INVOCATION || type == STREAM_INVOCATION) {
        invoke(self, record, type);
    } else if (type == CLOSE) {
        self->state = STATE_OVER;
    }
}

/* Only what is no whole record yet is copied. */
static void keep(signalr_t *self, text_t part)
{
    if (self->record.length + part.length <= self->record_bytes)
        buffer_append(&self->record, part);
    else
        end(self, "the record is too long");
}

signalr_t *signalr_new(conversation_t *talk, struct rpc_session *rpc, void (*receive)(struct rpc_session *rpc, text_t message),
                       size_t record_bytes, int64_t now_ns)
{
    signalr_t *self = malloc(sizeof *self);
    if (!self)
        return NULL;
    *self = (signalr_t){.talk = talk,
                        .rpc = rpc,
                        .receive = receive,
                        .record_bytes = record_bytes,
                        .record = buffer_new(record_bytes),
                        .message = buffer_new(record_bytes),
                        .out = buffer_new(record_bytes + OUT_MORE),
                        .frame = buffer_new(0),
                        .begun_ns = now_ns,
                        .pinged_ns = now_ns};
    return self;
}

void signalr_destroy(signalr_t **self_p)
{
    signalr_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    buffer_t *buffers[] = {&self->record, &self->message, &self->out, &self->frame};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        buffer_release(buffers[i]);
    free(self);
}

void signalr_receive(signalr_t *self, text_t message)
{
    const char *separator;
    while (message.length > 0 && self->state != STATE_OVER && !self->talk->end.closing &&
           (separator = memchr(message.at, SEPARATOR, message.length))) {
        text_t part = {message.at, (size_t)(separator - message.at)};
        message = (text_t){separator + 1, message.length - part.length - 1};
        if (self->record.length == 0) {
            take_record(self, part);
            continue;
        }
        keep(self, part);
        if (self->state != STATE_OVER)
            take_record(self, buffer_text(&self->record));
        buffer_release(&self->record);
    }
    if (message.length > 0 && self->state != STATE_OVER && !self->talk->end.closing)
        keep(self, message);
}

void signalr_check(signalr_t *self, int64_t now_ns, bool silent)
{
    if (self->state == STATE_HANDSHAKE && now_ns - self->begun_ns >= SIGNALR_HANDSHAKE_MS * NS_PER_MS) {
        end_with(self, CLOSE_POLICY, "Handshake was canceled.");
    } else if (self->state == STATE_OPEN && silent) {
        end_with(self, CLOSE_POLICY, "Client timeout elapsed without receiving a message from the client.");
    } else if (self->state == STATE_OPEN && now_ns - self->pinged_ns >= SIGNALR_PING_MS * NS_PER_MS) {
        self->pinged_ns = now_ns;
        json_writer_t json = begin_message(self, TYPE_PING);
        json_close_object(&json);
        send_record(self);
    }
}

void signalr_goodbye(signalr_t *self)
{
    if (self->state == STATE_OPEN) {
        put_close(self, true, (text_t){NULL, 0}, true);
        send_record(self);
    }
    self->state = STATE_OVER;
}

size_t signalr_held(const signalr_t *self)
{
    return self->record.length > 0 ? self->record.capacity : 0;
}

void signalr_deafen(signalr_t *self)
{
    self->state = STATE_OVER;
    buffer_release(&self->record);
}

bool signalr_over(const signalr_t *self)
{
    return self->state == STATE_OVER;
}

text_t signalr_why(const signalr_t *self, unsigned *code)
{
    *code = self->why_code ? self->why_code : CLOSE_NORMAL;
    return (text_t){self->why, self->why_length};
}

void signalr_append_close(signalr_t *self, text_t reason, buffer_t *out)
{
    if (self->state == STATE_OPEN) {
        buffer_clear(&self->out);
        put_close(self, true, reason, true);
        buffer_append(&self->out, TEXT("\x1e"));
        if (buffer_ok(&self->out))
            frame_append_text(out, buffer_text(&self->out));
        buffer_clear(&self->out);
    }
    self->state = STATE_OVER;
}

/* 16 characters of base64url (RFC 4648) that stand for 12 bytes. */
static void put_identity(json_writer_t *json, const char *name, const unsigned char bytes[static 12])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char text[16];
    size_t length = 0;
    for (size_t i = 0; i < 12; i += 3) {
        unsigned group = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            text[length++] = digits[group >> shift & 63];
    }
    json_put_text(json, name, (text_t){text, length});
}

void signalr_negotiate(buffer_t *out, unsigned version, const unsigned char noise[static 24])
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_u64(&json, "negotiateVersion", version);
    put_identity(&json, "connectionId", noise);
    if (version > 0)
        put_identity(&json, "connectionToken", noise + 12);
    json_open_array(&json, "availableTransports");
    json_open_object(&json, NULL);
    json_put_text(&json, "transport", TEXT("WebSockets"));
    json_open_array(&json, "transferFormats");
    json_put_text(&json, NULL, TEXT("Text"));
    json_close_array(&json);
    json_close_object(&json);
    json_close_array(&json);
    json_close_object(&json);
}
