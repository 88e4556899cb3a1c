#include "proto/status.h"

#include "common/json/json_write.h"
#include "common/timestamp.h"
#include "proto/topic.h"

enum { NS_DIGITS = 9 };

static const char *const event_names[] = {
    [STATUS_HEARTBEAT] = "heartbeat",
    [STATUS_CONNECTED] = "connected",
    [STATUS_LOST] = "lost",
    [STATUS_RESTORED] = "restored",
    [STATUS_GAP] = "gap",
    [STATUS_WITHDRAWN] = "withdrawn",
};

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

static bool is_breaker(text_t text)
{
    return text_equal(text, TEXT("closed")) || text_equal(text, TEXT("open")) || text_equal(text, TEXT("half_open"));
}

/* What a connectord of before does not say: absent is as good as can be. What is there has to be what it should. */
static bool read_condition(text_t json, status_t *status)
{
    uint64_t health = 100;
    text_t breaker = json_member(json, "breaker"), stale = json_member(json, "stale"), failing = json_member(json, "failing");
    status->breaker = TEXT("closed");
    status->stale = stale.length ? stale : TEXT("{}");
    status->failing = failing.length ? failing : TEXT("{}");
    if (breaker.length && !(json_plain_string(breaker, &status->breaker) && is_breaker(status->breaker)))
        return false;
    if (json_member(json, "health").length && !(read_u64(json, "health", &health) && health <= 100))
        return false;
    status->health = (uint32_t)health;
    return json_kind(status->stale) == JSON_OBJECT && json_kind(status->failing) == JSON_OBJECT;
}

/* Absent: none. */
static bool read_upstream(text_t json, status_t *status)
{
    text_t holes = json_member(json, "holes"), backfill = json_member(json, "backfill");
    status->holes = holes.length ? holes : TEXT("{}");
    status->backfill = backfill.length ? backfill : TEXT("{}");
    return json_kind(status->holes) == JSON_OBJECT && json_kind(status->backfill) == JSON_OBJECT;
}

/* Seconds with up to three digits of fraction; further ones are cut. */
static bool read_ms(text_t value, int64_t *ms)
{
    const char *point = memchr(value.at, '.', value.length);
    text_t whole = {value.at, point ? (size_t)(point - value.at) : value.length};
    uint64_t seconds, thousandths = 0;
    if (!text_to_u64(whole, &seconds) || seconds > INT64_MAX / 1000 - 1)
        return false;
    text_t fraction = point ? (text_t){point + 1, value.length - whole.length - 1} : TEXT("0");
    if (fraction.length > 3)
        fraction.length = 3;
    if (!text_to_u64(fraction, &thousandths))
        return false;
    for (size_t digits = fraction.length; digits < 3; digits++)
        thousandths *= 10;
    *ms = (int64_t)(seconds * 1000 + thousandths);
    return true;
}

/* Absent: one line, and no group. */
static bool read_lines(text_t json, status_t *status)
{
    uint64_t lines = 1, connected = status->connected;
    text_t group = json_member(json, "group");
    status->saved = 0;
    status->group = TEXT("");
    status->active = true;
    if (json_member(json, "lines").length &&
        !(read_u64(json, "lines", &lines) && lines > 0 && lines <= UINT32_MAX &&
          read_u64(json, "lines_connected", &connected) && connected <= lines && read_u64(json, "saved", &status->saved)))
        return false;
    status->lines = (uint32_t)lines;
    status->lines_connected = (uint32_t)connected;
    return !group.length || (json_plain_string(group, &status->group) && source_valid(status->group) &&
                             read_flag(json, "active", &status->active));
}

static bool read_missed(text_t json, status_t *status)
{
    status->missed = 0;
    status->missed_known = json_member(json, "missed").length > 0;
    return !status->missed_known || read_u64(json, "missed", &status->missed);
}

/* Absent: none. */
static bool read_oddities(text_t json, status_t *status)
{
    status->id_conflicts = status->future = status->unjournaled = 0;
    return (!json_member(json, "unjournaled").length || read_u64(json, "unjournaled", &status->unjournaled)) &&
           (!json_member(json, "id_conflicts").length || read_u64(json, "id_conflicts", &status->id_conflicts)) &&
           (!json_member(json, "future").length || read_u64(json, "future", &status->future));
}

/* An object that is absent, or empty, is an empty one. */
static void put_map(json_writer_t *json, const char *name, text_t map)
{
    json_put_raw(json, name, map.length ? map : TEXT("{}"));
}

static void put_lines(json_writer_t *json, const status_t *status)
{
    if (status->lines > 1) {
        json_put_u64(json, "lines", status->lines);
        json_put_u64(json, "lines_connected", status->lines_connected);
        json_put_u64(json, "saved", status->saved);
    }
    if (status->group.length > 0) {
        json_put_text(json, "group", status->group);
        json_put_bool(json, "active", status->active);
    }
}

/* Absent: this process has had no other epoch. */
static bool read_run(text_t json, status_t *status)
{
    text_t former = json_member(json, "former");
    status->run = status->former_epoch = 0;
    status->former = TEXT("{}");
    if (json_member(json, "run").length && !read_u64(json, "run", &status->run))
        return false;
    if (!former.length)
        return true;
    text_t symbols = json_member(former, "symbols");
    if (symbols.length)
        status->former = symbols;
    return json_kind(former) == JSON_OBJECT && read_u64(former, "epoch", &status->former_epoch) &&
           json_kind(status->former) == JSON_OBJECT;
}

static void put_run(json_writer_t *json, const status_t *status)
{
    if (status->run)
        json_put_u64(json, "run", status->run);
    if (!status->former_epoch)
        return;
    json_open_object(json, "former");
    json_put_u64(json, "epoch", status->former_epoch);
    put_map(json, "symbols", status->former);
    json_close_object(json);
}

/* Absent: there are none. */
static bool read_channels(text_t json, text_t *channels)
{
    *channels = json_member(json, "channels");
    if (channels->length == 0)
        *channels = TEXT("{}");
    return json_kind(*channels) == JSON_OBJECT;
}

static bool read_symbols(text_t json, text_t *symbols)
{
    *symbols = json_member(json, "symbols");
    return json_kind(*symbols) == JSON_OBJECT;
}

static void put_counts(json_writer_t *json, const status_t *status)
{
    json_put_u64(json, "epoch", status->epoch);
    json_put_u64(json, "trades", status->trades);
    json_put_u64(json, "duplicates", status->duplicates);
    json_put_u64(json, "malformed", status->malformed);
    json_put_u64(json, "gaps", status->gaps);
    json_put_u64(json, "reconnects", status->reconnects);
    json_put_u64(json, "id_conflicts", status->id_conflicts);
    json_put_u64(json, "future", status->future);
    if (status->unjournaled > 0)
        json_put_u64(json, "unjournaled", status->unjournaled);
}

static void put_condition(json_writer_t *json, const status_t *status)
{
    json_put_text(json, "breaker", status->breaker.length ? status->breaker : TEXT("closed"));
    json_put_u64(json, "health", status->health);
    put_map(json, "stale", status->stale);
    if (status->failing.length > TEXT("{}").length)
        put_map(json, "failing", status->failing);
    if (status->holes.length > TEXT("{}").length)
        put_map(json, "holes", status->holes);
    if (status->backfill.length > TEXT("{}").length)
        put_map(json, "backfill", status->backfill);
    if (status->missed_known)
        json_put_u64(json, "missed", status->missed);
}

void status_print(buffer_t *out, const status_t *status)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "event", text_of(event_names[status->event]));
    json_put_text(&json, "source", status->source);
    json_put_bool(&json, "connected", status->connected);
    json_put_time(&json, "since", status->since_ns, NS_DIGITS);
    json_put_time(&json, "time", status->time_ns, NS_DIGITS);
    json_put_text(&json, "reason", status->reason);
    json_put_text(&json, "subscribe", status->demand ? TEXT("demand") : TEXT("always"));
    put_counts(&json, status);
    put_condition(&json, status);
    put_lines(&json, status);
    put_run(&json, status);
    if (status->channels.length > TEXT("{}").length)
        json_put_raw(&json, "channels", status->channels);
    put_map(&json, "symbols", status->symbols);
    json_close_object(&json);
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
           read_u64(json, "reconnects", &status->reconnects) && read_oddities(json, status) && read_condition(json, status) &&
           read_upstream(json, status) && read_lines(json, status) && read_missed(json, status) && read_run(json, status) &&
           read_channels(json, &status->channels) && read_symbols(json, &status->symbols);
}

bool status_next_symbol(json_walk_t *walk, text_t *symbol, uint64_t *last_seq)
{
    while (json_next(walk)) {
        uint64_t seq;
        if (subject_valid(walk->key) && json_u64(walk->value, &seq)) {
            *symbol = walk->key;
            *last_seq = seq;
            return true;
        }
    }
    return false;
}

bool status_next_stale(json_walk_t *walk, text_t *symbol, int64_t *silence_ms)
{
    while (json_next(walk)) {
        if (subject_valid(walk->key) && json_kind(walk->value) == JSON_NUMBER && read_ms(walk->value, silence_ms)) {
            *symbol = walk->key;
            return true;
        }
    }
    return false;
}

void status_put_stale(buffer_t *out, text_t symbol, int64_t silence_ms)
{
    buffer_append_json_string(out, symbol);
    buffer_printf(out, ":%lld.%03lld", (long long)(silence_ms / 1000), (long long)(silence_ms % 1000));
}

bool status_next_failing(json_walk_t *walk, text_t *symbol, text_t *reason)
{
    while (json_next(walk)) {
        if (subject_valid(walk->key) && json_kind(walk->value) == JSON_STRING) {
            *symbol = walk->key;
            *reason = (text_t){walk->value.at + 1, walk->value.length - 2};
            return true;
        }
    }
    return false;
}

void status_put_failing(buffer_t *out, text_t symbol, text_t reason)
{
    buffer_append_json_string(out, symbol);
    buffer_append(out, TEXT(":"));
    buffer_append_json_string(out, reason);
}

bool status_next_channel(json_walk_t *walk, text_t *channel, bool *latest)
{
    text_t keeps;
    while (json_next(walk)) {
        if (!channel_valid(walk->key) || !json_plain_string(walk->value, &keeps))
            continue;
        *channel = walk->key;
        *latest = text_equal(keeps, TEXT("latest"));
        return true;
    }
    return false;
}
