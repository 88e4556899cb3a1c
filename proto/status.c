#include "proto/status.h"

#include "common/timestamp.h"
#include "proto/topic.h"

static const char *const event_names[] = {
    [STATUS_HEARTBEAT] = "heartbeat",
    [STATUS_CONNECTED] = "connected",
    [STATUS_LOST] = "lost",
    [STATUS_RESTORED] = "restored",
    [STATUS_GAP] = "gap",
};

static void put_time(buffer_t *out, const char *name, int64_t ns)
{
    char time[TIMESTAMP_MAX];
    buffer_printf(out, ",\"%s\":\"%.*s\"", name, (int)timestamp_print(time, ns, 9), time);
}

static void put_count(buffer_t *out, const char *name, uint64_t count)
{
    buffer_printf(out, ",\"%s\":", name);
    buffer_append_u64(out, count);
}

/* An event that a newer connectord may know is read as a heartbeat: the rest of a status says all that is the case. */
static status_event_t event_from(text_t name)
{
    for (unsigned i = 0; i < sizeof event_names / sizeof *event_names; i++)
        if (text_equal(name, text_of(event_names[i])))
            return (status_event_t)i;
    return STATUS_HEARTBEAT;
}

static bool read_text(text_t json, const char *name, text_t *text)
{
    return json_plain_string(json_member(json, name), text);
}

static bool read_time(text_t json, const char *name, int64_t *ns)
{
    text_t text;
    return read_text(json, name, &text) && timestamp_parse(text, ns);
}

static bool read_u64(text_t json, const char *name, uint64_t *number)
{
    return json_u64(json_member(json, name), number);
}

static bool read_flag(text_t json, const char *name, bool *flag)
{
    json_kind_t kind = json_kind(json_member(json, name));
    *flag = kind == JSON_TRUE;
    return kind == JSON_TRUE || kind == JSON_FALSE;
}

/* Free text: its escapes stay. Absent is empty. */
static bool read_reason(text_t json, text_t *reason)
{
    text_t value = json_member(json, "reason");
    *reason = (text_t){"", 0};
    if (json_kind(value) == JSON_NONE)
        return true;
    if (json_kind(value) != JSON_STRING)
        return false;
    *reason = (text_t){value.at + 1, value.length - 2};
    return true;
}

static bool read_demand(text_t json, bool *demand)
{
    text_t text;
    if (!read_text(json, "subscribe", &text))
        return false;
    *demand = text_equal(text, TEXT("demand"));
    return *demand || text_equal(text, TEXT("always"));
}

static bool read_symbols(text_t json, text_t *symbols)
{
    *symbols = json_member(json, "symbols");
    return json_kind(*symbols) == JSON_OBJECT;
}

void status_print(buffer_t *out, const status_t *status)
{
    buffer_printf(out, "{\"event\":\"%s\",\"source\":", event_names[status->event]);
    buffer_append_json_string(out, status->source);
    buffer_printf(out, ",\"connected\":%s", status->connected ? "true" : "false");
    put_time(out, "since", status->since_ns);
    put_time(out, "time", status->time_ns);
    buffer_append(out, TEXT(",\"reason\":"));
    buffer_append_json_string(out, status->reason);
    buffer_printf(out, ",\"subscribe\":\"%s\"", status->demand ? "demand" : "always");
    put_count(out, "epoch", status->epoch);
    put_count(out, "trades", status->trades);
    put_count(out, "duplicates", status->duplicates);
    put_count(out, "malformed", status->malformed);
    put_count(out, "gaps", status->gaps);
    put_count(out, "reconnects", status->reconnects);
    buffer_append(out, TEXT(",\"symbols\":"));
    buffer_append(out, status->symbols.length ? status->symbols : TEXT("{}"));
    buffer_append(out, TEXT("}"));
}

bool status_parse(text_t json, status_t *status)
{
    text_t event;
    if (!json_valid(json) || !read_text(json, "event", &event))
        return false;
    status->event = event_from(event);
    return read_text(json, "source", &status->source) && source_valid(status->source) &&
           read_flag(json, "connected", &status->connected) && read_time(json, "since", &status->since_ns) &&
           read_time(json, "time", &status->time_ns) && read_reason(json, &status->reason) &&
           read_demand(json, &status->demand) && read_u64(json, "epoch", &status->epoch) &&
           read_u64(json, "trades", &status->trades) && read_u64(json, "duplicates", &status->duplicates) &&
           read_u64(json, "malformed", &status->malformed) && read_u64(json, "gaps", &status->gaps) &&
           read_u64(json, "reconnects", &status->reconnects) && read_symbols(json, &status->symbols);
}

bool status_next_symbol(json_walk_t *walk, text_t *symbol, uint64_t *last_seq)
{
    while (json_next(walk)) {
        uint64_t seq;
        if (symbol_valid(walk->key) && json_u64(walk->value, &seq)) {
            *symbol = walk->key;
            *last_seq = seq;
            return true;
        }
    }
    return false;
}
