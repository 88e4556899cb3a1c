#include "gatewayd/forms/frame.h"

#include "common/json/json.h"
#include "common/websocket/pack.h"
#include "proto/topic.h"
#include "proto/trade.h"

#include <zlib.h>

enum { FINAL_TEXT = 0x81, COMPRESSED = 0x40, LENGTH_16 = 126, LENGTH_64 = 127, PIECES_MAX = 5 };

#define HEAD   TEXT("{\"jsonrpc\":\"2.0\",\"method\":\"")
#define MIDDLE TEXT("\",\"params\":")
#define TAIL   TEXT("}")

#define SIGNALR_BEFORE "{\"type\":1,\"target\":\"ReceiveMessage\",\"arguments\":[\""
#define SIGNALR_AFTER  "\"]}\x1e"

/* What stands around a message that became the content of a JSON string. */
static const struct {
    text_t before, after;
} around[DIALECT_COUNT] = {
    [DIALECT_SIGNALR] = {{SIGNALR_BEFORE, sizeof SIGNALR_BEFORE - 1}, {SIGNALR_AFTER, sizeof SIGNALR_AFTER - 1}},
};

/* A message, in pieces that follow each other. */
typedef struct {
    text_t pieces[PIECES_MAX];
    size_t count;
} message_t;

static message_t notification(text_t method, text_t params)
{
    return (message_t){{HEAD, method, MIDDLE, params, TAIL}, 5};
}

static size_t header_length(uint64_t payload_length)
{
    return payload_length < LENGTH_16 ? 2 : payload_length <= UINT16_MAX ? 4 : FRAME_HEADER_MAX;
}

static char *put(char *out, text_t text)
{
    if (text.length > 0)
        memcpy(out, text.at, text.length);
    return out + text.length;
}

/* The letter behind the backslash; 0: it needs none. What is JSON has no other control characters. */
static char escape_of(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static size_t escaped_length(text_t text)
{
    size_t length = text.length;
    for (size_t i = 0; i < text.length; i++)
        length += escape_of(text.at[i]) != 0;
    return length;
}

static char *put_escaped(char *out, text_t text)
{
    for (size_t i = 0; i < text.length; i++) {
        char escape = escape_of(text.at[i]);
        if (escape)
            *out++ = '\\';
        *out++ = escape ? escape : text.at[i];
    }
    return out;
}

static size_t payload_length(dialect_t dialect, const message_t *message)
{
    size_t length = around[dialect].before.length + around[dialect].after.length;
    for (size_t i = 0; i < message->count; i++)
        length += dialect == DIALECT_SIGNALR ? escaped_length(message->pieces[i]) : message->pieces[i].length;
    return length;
}

/* Returns the length of the frame; 0: it would not be shorter than one with `payload` bytes. */
static size_t deflated(char *out, size_t payload, const text_t *pieces, size_t count)
{
    char header[FRAME_HEADER_MAX];
    size_t room = header_length(payload), packed = pack_message(pieces, count, out + room, payload);
    if (packed == 0)
        return 0;
    size_t length = frame_header(header, packed);
    header[0] |= COMPRESSED;
    if (length < room)
        memmove(out + length, out + room, packed);
    memcpy(out, header, length);
    return length + packed;
}

/* Returns the length of the frame. */
static size_t render(dialect_t dialect, char *out, size_t payload, const message_t *message)
{
    char header[FRAME_HEADER_MAX], *frame = out;
    size_t shorter = dialect == DIALECT_DEFLATE ? deflated(out, payload, message->pieces, message->count) : 0;
    if (shorter > 0)
        return shorter;
    size_t length = frame_header(header, payload);
    out = put(out, (text_t){header, length});
    out = put(out, around[dialect].before);
    for (size_t i = 0; i < message->count; i++)
        out = dialect == DIALECT_SIGNALR ? put_escaped(out, message->pieces[i]) : put(out, message->pieces[i]);
    return (size_t)(put(out, around[dialect].after) - frame);
}

/* --- events --- */

enum { EVENT_NAME_MAX = CHANNEL_MAX + sizeof ".update" };

#define EVENT "event: "
#define ID    "id: "
#define DATA  "data: "
#define END   "\n\n"

/* Around the data, and the place. */
enum { AROUND_MAX = sizeof EVENT ID DATA END + EVENT_NAME_MAX + SUBJECT_MAX + SOURCE_MAX + CURSOR_MAX + 4 };

typedef enum { NO_ID, ID_OF_TRADE, ID_OF_GAP } event_id_t;

/* The events' names by the ends of their methods; empty: it is a message, NULL: the method is the name. */
static const struct {
    text_t method, name;
    event_id_t id;
} kinds[] = {
    {TEXT_CONST(".update"), TEXT_CONST(""), ID_OF_TRADE},
    {TEXT_CONST(".gap"), TEXT_CONST("gap"), ID_OF_GAP},
    {TEXT_CONST(".live"), {NULL, 0}, NO_ID},
    {TEXT_CONST("connection.lost"), TEXT_CONST("lost"), NO_ID},
    {TEXT_CONST("connection.restored"), TEXT_CONST("restored"), NO_ID},
    {TEXT_CONST("subscription.failing"), TEXT_CONST("failing"), NO_ID},
    {TEXT_CONST("subscription.restored"), TEXT_CONST("working"), NO_ID},
    {TEXT_CONST("subscription.ended"), TEXT_CONST("ended"), NO_ID},
    {TEXT_CONST("token.expiring"), TEXT_CONST("expiring"), NO_ID},
};

/* A line ends the data; in JSON a line break can only be white space. */
static char *put_data(char *out, text_t json)
{
    out = put(out, TEXT(DATA));
    for (size_t i = 0; i < json.length; i++)
        *out++ = json.at[i] == '\n' || json.at[i] == '\r' ? ' ' : json.at[i];
    return put(out, TEXT(END));
}

/* The cursor behind what the params tell. A hole upstream is of the past: the place stays. */
static bool read_cursor(event_id_t id, text_t params, cursor_t *cursor)
{
    text_t to;
    if (id == ID_OF_TRADE)
        return trade_cursor(params, cursor);
    return id == ID_OF_GAP && !json_member(params, "upstream").length && json_plain_string(json_member(params, "to"), &to) &&
           cursor_parse(to, cursor);
}

/* The subject of a record, or of what tells of a stream: the symbol, or "<channel>." and the key. */
static bool read_subject(text_t params, text_t *channel, text_t *key)
{
    if (!json_plain_string(json_member(params, "channel"), channel))
        *channel = TEXT(CHANNEL_TRADES);
    if (text_equal(*channel, TEXT(CHANNEL_TRADES)))
        return json_plain_string(json_member(params, "symbol"), key) && symbol_valid(*key);
    return (json_plain_string(json_member(params, "key"), key) || json_plain_string(json_member(params, "symbol"), key)) &&
           channel_valid(*channel) && key_valid(*key);
}

static char *put_id(char *out, event_id_t id, text_t params)
{
    text_t channel, key, source;
    cursor_t cursor;
    if (!read_cursor(id, params, &cursor) || !read_subject(params, &channel, &key) ||
        !json_plain_string(json_member(params, "source"), &source) || !source_valid(source))
        return out;
    out = put(out, TEXT(ID));
    out += subject_print(out, channel, key);
    out = put(put(out, TEXT(".")), source);
    out = put(out, TEXT("="));
    out += cursor_print(out, cursor);
    return put(out, TEXT("\n"));
}

static size_t event_length(text_t params)
{
    return AROUND_MAX + params.length;
}

static size_t event_print(char *out, text_t method, text_t params)
{
    char *begin = out;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!text_ends_with(method, kinds[i].method))
            continue;
        text_t name = kinds[i].name.at ? kinds[i].name : method;
        if (name.length > 0)
            out = put(put(put(out, TEXT(EVENT)), name), TEXT("\n"));
        out = put_data(put_id(out, kinds[i].id, params), params);
    }
    return (size_t)(out - begin);
}

/* --- frame.h --- */

size_t frame_header(char out[static FRAME_HEADER_MAX], uint64_t payload_length)
{
    size_t length = header_length(payload_length);
    out[0] = (char)FINAL_TEXT;
    out[1] = (char)(length == 2 ? payload_length : length == 4 ? LENGTH_16 : LENGTH_64);
    for (size_t i = length; i > 2; i--, payload_length >>= 8)
        out[i - 1] = (char)(payload_length & 0xff); /* the most significant byte first */
    return length;
}

size_t frame_notify_length(dialect_t dialect, text_t method, text_t params)
{
    if (dialect == DIALECT_SSE)
        return event_length(params);
    message_t message = notification(method, params);
    size_t payload = payload_length(dialect, &message);
    return header_length(payload) + payload;
}

size_t frame_notify(dialect_t dialect, char *out, text_t method, text_t params)
{
    if (dialect == DIALECT_SSE)
        return event_print(out, method, params);
    message_t message = notification(method, params);
    return render(dialect, out, payload_length(dialect, &message), &message);
}

void frame_append_notification(buffer_t *out, dialect_t dialect, text_t method, text_t params)
{
    size_t length = frame_notify_length(dialect, method, params);
    char *room = buffer_room(out, length);
    if (!room)
        return;
    buffer_took(out, frame_notify(dialect, room, method, params));
}

text_t frame_params(text_t frame, text_t method)
{
    text_t payload = {0};
    frame_next(&frame, &payload);
    size_t before = HEAD.length + method.length + MIDDLE.length;
    return (text_t){payload.at + before, payload.length - before - TAIL.length};
}

uint32_t frame_sum(dialect_t dialect, text_t json)
{
    uint32_t sum = 0;
    for (const char *at = json.at, *end = json.at + json.length; at < end;) {
        const char *line = at;
        while (dialect == DIALECT_SSE && at < end && *at != '\n' && *at != '\r')
            at++;
        at = dialect == DIALECT_SSE ? at : end;
        sum = (uint32_t)crc32_z(sum, (const unsigned char *)line, (size_t)(at - line));
        if (at < end)
            sum = (uint32_t)crc32_z(sum, (const unsigned char *)" ", 1);
        at += at < end;
    }
    return sum;
}

size_t frame_length(dialect_t dialect, text_t json)
{
    if (dialect == DIALECT_SSE)
        return 0;
    message_t message = {{json}, 1};
    size_t payload = payload_length(dialect, &message);
    return header_length(payload) + payload;
}

void frame_append(buffer_t *out, dialect_t dialect, text_t json)
{
    if (dialect == DIALECT_SSE)
        return;
    message_t message = {{json}, 1};
    size_t payload = payload_length(dialect, &message), length = header_length(payload) + payload;
    char *room = buffer_room(out, length);
    if (!room)
        return;
    buffer_took(out, render(dialect, room, payload, &message));
}

void frame_append_text(buffer_t *out, text_t payload)
{
    frame_append(out, DIALECT_RPC, payload);
}

void frame_append_close(buffer_t *out, unsigned code, text_t reason)
{
    size_t length = reason.length < FRAME_REASON_MAX ? reason.length : FRAME_REASON_MAX;
    while (length > 0 && length < reason.length && ((unsigned char)reason.at[length] & 0xc0) == 0x80)
        length--;
    buffer_append(out, (text_t){(char[]){(char)0x88, (char)(2 + length), (char)(code >> 8), (char)code}, 4});
    buffer_append(out, (text_t){reason.at, length});
}

bool frame_next(text_t *frames, text_t *payload)
{
    if (frames->length < 2)
        return false;
    uint64_t length = (unsigned char)frames->at[1];
    size_t header = length < LENGTH_16 ? 2 : length == LENGTH_16 ? 4 : FRAME_HEADER_MAX;
    if (frames->length < header)
        return false;
    if (header > 2)
        length = 0;
    for (size_t i = 2; i < header; i++)
        length = length << 8 | (unsigned char)frames->at[i];
    if (frames->length - header < length)
        return false;
    *payload = (text_t){frames->at + header, length};
    *frames = (text_t){payload->at + length, frames->length - header - length};
    return true;
}

bool frame_skip(dialect_t dialect, text_t *frames)
{
    text_t content;
    return dialect == DIALECT_SSE ? frame_next_event(frames, &content) : frame_next(frames, &content);
}

/* What stands between the messages of a batch, and around them. */
static const struct {
    text_t begin, between, end;
} batch_marks[DIALECT_COUNT] = {[DIALECT_RPC] = {{"[", 1}, {",", 1}, {"]", 1}}};

void frame_append_batch(buffer_t *out, dialect_t dialect, text_t frames)
{
    text_t rest = frames, message;
    text_t begin = batch_marks[dialect].begin, between = batch_marks[dialect].between, end = batch_marks[dialect].end;
    size_t payload = begin.length + end.length;
    for (size_t count = 0; frame_next(&rest, &message); count++)
        payload += message.length + (count > 0 ? between.length : 0);
    char header[FRAME_HEADER_MAX], *room = buffer_room(out, header_length(payload) + payload);
    if (!room)
        return;
    char *at = put(room, (text_t){header, frame_header(header, payload)});
    at = put(at, begin);
    rest = frames;
    for (size_t count = 0; frame_next(&rest, &message); count++)
        at = put(put(at, count > 0 ? between : TEXT("")), message);
    at = put(at, end);
    buffer_took(out, (size_t)(at - room));
}

void frame_append_deflated(buffer_t *out, text_t frame)
{
    text_t rest = frame, payload;
    char *room = buffer_room(out, frame.length);
    if (!room || !frame_next(&rest, &payload))
        return;
    size_t length = deflated(room, payload.length, &payload, 1);
    if (length == 0) {
        put(room, frame);
        length = frame.length;
    }
    buffer_took(out, length);
}

bool frame_next_event(text_t *events, text_t *event)
{
    const char *end = events->length > 0 ? memmem(events->at, events->length, END, 2) : NULL;
    if (!end)
        return false;
    *event = (text_t){events->at, (size_t)(end + 2 - events->at)};
    *events = (text_t){end + 2, events->length - event->length};
    return true;
}

text_t frame_event_place(text_t event)
{
    const char *end;
    if (text_starts_with(event, TEXT(EVENT)) && (end = memchr(event.at, '\n', event.length)))
        event = (text_t){end + 1, event.length - (size_t)(end + 1 - event.at)};
    if (!text_starts_with(event, TEXT(ID)) || !(end = memchr(event.at, '\n', event.length)))
        return (text_t){event.at, 0};
    return (text_t){event.at + sizeof ID - 1, (size_t)(end - event.at) - (sizeof ID - 1)};
}
