#include "proto/coverage.h"

#include "common/json/json.h"
#include "common/numbers/decimal.h"
#include "common/timestamp.h"
#include "proto/trade.h"

enum { NS_DIGITS = 9 };

/* Which members a state has. */
static const struct {
    const char *name;
    bool ends, trades, missing;
} states[] = {
    [COVERAGE_UNKNOWN] = {"unknown", .ends = false},
    [COVERAGE_LIVE] = {"live", .ends = false},
    [COVERAGE_BACKFILLED] = {"backfilled", .ends = true, .trades = true},
    [COVERAGE_PROVED] = {"proved", .ends = true, .trades = true},
    [COVERAGE_HOLE] = {"hole", .ends = true, .missing = true},
    [COVERAGE_SHORT] = {"short", .ends = true, .missing = true},
};

const char *coverage_state_name(coverage_state_t state)
{
    return states[state].name;
}

bool coverage_state_parse(text_t name, coverage_state_t *state)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (text_equal(name, text_of(states[i].name))) {
            *state = (coverage_state_t)i;
            return true;
        }
    }
    return false;
}

bool coverage_state_complete(coverage_state_t state)
{
    return state == COVERAGE_LIVE || state == COVERAGE_BACKFILLED || state == COVERAGE_PROVED;
}

/* --- printing --- */

static void put_head(json_writer_t *json, const coverage_t *coverage)
{
    json_put_text(json, "state", text_of(coverage_state_name(coverage->state)));
    json_put_time(json, "from", coverage->from_ns, NS_DIGITS);
    if (coverage->to_ns != COVERAGE_OPEN)
        json_put_time(json, "to", coverage->to_ns, NS_DIGITS);
}

static void put_optional(json_writer_t *json, const char *name, text_t text)
{
    if (text.length > 0)
        json_put_text(json, name, text);
}

static void put_missing(json_writer_t *json, const coverage_t *coverage)
{
    if (coverage->missing_known && !coverage->partial)
        json_put_u64(json, "missing", coverage->missing);
    else
        json_put_null(json, "missing");
}

static void put_rest(json_writer_t *json, const coverage_t *coverage)
{
    cursor_put(json, "cursor", coverage->cursor);
    if (states[coverage->state].missing)
        put_missing(json, coverage);
    if (coverage->partial)
        return;
    if (coverage->state == COVERAGE_BACKFILLED && coverage->first.seq > 0) {
        cursor_put(json, "first", coverage->first);
        cursor_put(json, "last", coverage->last);
    }
    if (states[coverage->state].trades)
        json_put_u64(json, "trades", coverage->trades);
    if (coverage->state == COVERAGE_PROVED)
        put_optional(json, "volume", coverage->volume);
    if (coverage->state == COVERAGE_SHORT)
        put_optional(json, "missing_volume", coverage->missing_volume);
    if (coverage->state != COVERAGE_HOLE)
        return;
    put_optional(json, "first_id", coverage->first_id);
    put_optional(json, "last_id", coverage->last_id);
}

void coverage_print(buffer_t *out, const coverage_t *coverage)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    put_head(&json, coverage);
    put_rest(&json, coverage);
    json_close_object(&json);
}

void coverage_put(json_writer_t *json, const coverage_t *coverage)
{
    put_head(json, coverage);
    if (coverage->to_ns == COVERAGE_OPEN)
        json_put_null(json, "to");
    put_rest(json, coverage);
}

/* --- reading --- */

static bool has(text_t data, const char *name)
{
    return json_member(data, name).length > 0;
}

static bool read_state(text_t data, coverage_state_t *state)
{
    text_t name;
    return json_plain_string(json_member(data, "state"), &name) && coverage_state_parse(name, state);
}

static bool read_time(text_t data, const char *name, int64_t *ns)
{
    text_t text;
    return json_plain_string(json_member(data, name), &text) && timestamp_parse(text, ns);
}

static bool read_cursor(text_t data, const char *name, cursor_t *cursor)
{
    text_t text;
    return json_plain_string(json_member(data, name), &text) && cursor_parse(text, cursor);
}

/* Only live and unknown may have no end. */
static bool read_span(text_t data, coverage_t *coverage)
{
    coverage->to_ns = COVERAGE_OPEN;
    if (!read_time(data, "from", &coverage->from_ns))
        return false;
    if (states[coverage->state].ends || has(data, "to"))
        return read_time(data, "to", &coverage->to_ns) && coverage->from_ns < coverage->to_ns;
    return true;
}

/* Both or neither. */
static bool read_backfilled(text_t data, coverage_t *coverage)
{
    if (!has(data, "first") && !has(data, "last"))
        return true;
    return read_cursor(data, "first", &coverage->first) && read_cursor(data, "last", &coverage->last) &&
           coverage->first.seq > 0 && cursor_compare(coverage->first, coverage->last) <= 0;
}

static bool read_missing(text_t data, coverage_t *coverage)
{
    text_t raw = json_member(data, "missing");
    coverage->missing_known = json_kind(raw) != JSON_NULL;
    return !coverage->missing_known || json_u64(raw, &coverage->missing);
}

static bool read_decimal(text_t data, const char *name, text_t *decimal)
{
    return !has(data, name) || (json_plain_string(json_member(data, name), decimal) && decimal_valid(*decimal));
}

static bool read_id(text_t data, const char *name, text_t *id)
{
    return !has(data, name) || (json_plain_string(json_member(data, name), id) && trade_id_valid(*id));
}

static bool read_rest(text_t data, coverage_t *coverage)
{
    if (states[coverage->state].trades && !json_u64(json_member(data, "trades"), &coverage->trades))
        return false;
    if (states[coverage->state].missing && !read_missing(data, coverage))
        return false;
    switch (coverage->state) {
    case COVERAGE_BACKFILLED:
        return read_backfilled(data, coverage);
    case COVERAGE_PROVED:
        return read_decimal(data, "volume", &coverage->volume);
    case COVERAGE_SHORT:
        return read_decimal(data, "missing_volume", &coverage->missing_volume);
    case COVERAGE_HOLE:
        return read_id(data, "first_id", &coverage->first_id) && read_id(data, "last_id", &coverage->last_id);
    case COVERAGE_LIVE:
    case COVERAGE_UNKNOWN:
        break;
    }
    return true;
}

bool coverage_parse(text_t data, coverage_t *coverage)
{
    coverage_t read = {0};
    if (json_kind(data) != JSON_OBJECT || !json_valid(data) || !read_state(data, &read.state) || !read_span(data, &read) ||
        !read_cursor(data, "cursor", &read.cursor) || !read_rest(data, &read))
        return false;
    *coverage = read;
    return true;
}
