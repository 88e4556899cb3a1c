#include "gatewayd/forms/event.h"

#include "common/json.h"
#include "proto/topic.h"
#include "proto/trade.h"

enum { EVENT_NAME_MAX = 16 };

#define EVENT "event: "
#define ID    "id: "
#define DATA  "data: "
#define END   "\n\n"

/* Around the data, and the place. */
enum { AROUND_MAX = sizeof EVENT ID DATA END + EVENT_NAME_MAX + SYMBOL_MAX + SOURCE_MAX + CURSOR_MAX + 4 };

typedef enum { NO_ID, ID_OF_TRADE, ID_OF_GAP } event_id_t;

/* The events' names; empty: it is a message. */
static const struct {
    text_t method, name;
    event_id_t id;
} kinds[] = {
    {TEXT_CONST("trades.update"), TEXT_CONST(""), ID_OF_TRADE},
    {TEXT_CONST("trades.gap"), TEXT_CONST("gap"), ID_OF_GAP},
    {TEXT_CONST("connection.lost"), TEXT_CONST("lost"), NO_ID},
    {TEXT_CONST("connection.restored"), TEXT_CONST("restored"), NO_ID},
    {TEXT_CONST("subscription.failing"), TEXT_CONST("failing"), NO_ID},
    {TEXT_CONST("subscription.restored"), TEXT_CONST("working"), NO_ID},
};

static char *put(char *out, text_t text)
{
    memcpy(out, text.at, text.length);
    return out + text.length;
}

/* A line ends the data; in JSON a line break can only be white space. */
static char *put_data(char *out, text_t json)
{
    out = put(out, TEXT(DATA));
    for (size_t i = 0; i < json.length; i++)
        *out++ = json.at[i] == '\n' || json.at[i] == '\r' ? ' ' : json.at[i];
    return put(out, TEXT(END));
}

/* The cursor behind what the params tell. */
static bool read_cursor(event_id_t id, text_t params, cursor_t *cursor)
{
    text_t to;
    if (id == ID_OF_TRADE)
        return trade_cursor(params, cursor);
    return id == ID_OF_GAP && json_plain_string(json_member(params, "to"), &to) && cursor_parse(to, cursor);
}

static char *put_id(char *out, event_id_t id, text_t params)
{
    text_t symbol, source;
    cursor_t cursor;
    if (!read_cursor(id, params, &cursor) || !json_plain_string(json_member(params, "symbol"), &symbol) ||
        !json_plain_string(json_member(params, "source"), &source) || !symbol_valid(symbol) || !source_valid(source))
        return out;
    out = put(put(out, TEXT(ID)), symbol);
    out = put(put(out, TEXT(".")), source);
    out = put(out, TEXT("="));
    out += cursor_print(out, cursor);
    return put(out, TEXT("\n"));
}

size_t event_length(text_t params)
{
    return AROUND_MAX + params.length;
}

size_t event_print(char *out, text_t method, text_t params)
{
    char *begin = out;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!text_equal(method, kinds[i].method))
            continue;
        if (kinds[i].name.length > 0)
            out = put(put(put(out, TEXT(EVENT)), kinds[i].name), TEXT("\n"));
        out = put_data(put_id(out, kinds[i].id, params), params);
    }
    return (size_t)(out - begin);
}

bool event_next(text_t *events, text_t *event)
{
    const char *end = events->length > 0 ? memmem(events->at, events->length, END, 2) : NULL;
    if (!end)
        return false;
    *event = (text_t){events->at, (size_t)(end + 2 - events->at)};
    *events = (text_t){end + 2, events->length - event->length};
    return true;
}

text_t event_place(text_t event)
{
    const char *end;
    if (text_starts_with(event, TEXT(EVENT)) && (end = memchr(event.at, '\n', event.length)))
        event = (text_t){end + 1, event.length - (size_t)(end + 1 - event.at)};
    if (!text_starts_with(event, TEXT(ID)) || !(end = memchr(event.at, '\n', event.length)))
        return (text_t){event.at, 0};
    return (text_t){event.at + sizeof ID - 1, (size_t)(end - event.at) - (sizeof ID - 1)};
}
