#include "proto/status_upstream.h"

#include "common/json/json_write.h"
#include "common/timestamp.h"
#include "proto/topic.h"

enum { NS_DIGITS = 9 };

static bool read_time(text_t json, const char *name, int64_t *ns)
{
    text_t text;
    return json_plain_string(json_member(json, name), &text) && timestamp_parse(text, ns);
}

/* A number, or null where nobody knows. */
static bool read_missing(text_t json, bool *known, uint64_t *missing)
{
    text_t value = json_member(json, "missing");
    *missing = 0;
    *known = json_kind(value) != JSON_NULL;
    return !*known || json_u64(value, missing);
}

static void put_missing(json_writer_t *json, bool known, uint64_t missing)
{
    if (known)
        json_put_u64(json, "missing", missing);
    else
        json_put_null(json, "missing");
}

static bool read_hole(text_t json, status_hole_t *hole)
{
    text_t cursor;
    return json_kind(json) == JSON_OBJECT && json_u64(json_member(json, "count"), &hole->count) && hole->count > 0 &&
           read_missing(json, &hole->missing_known, &hole->missing) && read_time(json, "from", &hole->from_ns) &&
           read_time(json, "to", &hole->to_ns) && json_plain_string(json_member(json, "cursor"), &cursor) &&
           cursor_parse(cursor, &hole->cursor);
}

bool status_next_hole(json_walk_t *walk, status_hole_t *hole)
{
    while (json_next(walk)) {
        hole->symbol = walk->key;
        if (subject_valid(walk->key) && read_hole(walk->value, hole))
            return true;
    }
    return false;
}

void status_put_hole(buffer_t *out, const status_hole_t *hole)
{
    buffer_append_json_string(out, hole->symbol);
    buffer_append(out, TEXT(":"));
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_u64(&json, "count", hole->count);
    put_missing(&json, hole->missing_known, hole->missing);
    json_put_time(&json, "from", hole->from_ns, NS_DIGITS);
    json_put_time(&json, "to", hole->to_ns, NS_DIGITS);
    cursor_put(&json, "cursor", hole->cursor);
    json_close_object(&json);
}

static bool read_late(text_t json, bool *late)
{
    json_kind_t kind = json_kind(json_member(json, "late"));
    *late = kind == JSON_TRUE;
    return kind == JSON_TRUE || kind == JSON_FALSE;
}

bool status_next_backfill(json_walk_t *walk, status_backfill_t *backfill)
{
    while (json_next(walk)) {
        backfill->symbol = walk->key;
        if (subject_valid(walk->key) && json_kind(walk->value) == JSON_OBJECT &&
            read_missing(walk->value, &backfill->missing_known, &backfill->missing) && read_late(walk->value, &backfill->late))
            return true;
    }
    return false;
}

void status_put_backfill(buffer_t *out, const status_backfill_t *backfill)
{
    buffer_append_json_string(out, backfill->symbol);
    buffer_append(out, TEXT(":"));
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    put_missing(&json, backfill->missing_known, backfill->missing);
    json_put_bool(&json, "late", backfill->late);
    json_close_object(&json);
}
