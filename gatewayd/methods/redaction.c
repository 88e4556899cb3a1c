#include "gatewayd/methods/redaction.h"

#include "common/json/json.h"
#include "proto/moment.h"

bool redaction_is_none(const role_t *role)
{
    const role_limits_t *limits = role ? role_limits(role) : NULL;
    return limits && role_sees_all(role) && limits->history_ns == 0 && limits->delay_ns == 0;
}

/* Whose member it is may have it. */
typedef bool member_fn(text_t key);

static bool tells_no_content(text_t key)
{
    return text_equal(key, TEXT("topic")) || text_equal(key, TEXT("symbol")) || text_equal(key, TEXT("source")) ||
           text_equal(key, TEXT("retention"));
}

static bool is_no_cursor(text_t key)
{
    return !text_equal(key, TEXT("cursor")) && !text_equal(key, TEXT("first")) && !text_equal(key, TEXT("last"));
}

static void put_members(text_t object, member_fn *may, json_writer_t *json)
{
    json_open_object(json, NULL);
    for (json_walk_t walk = json_walk(object); json_next(&walk);) {
        if (!may(walk.key))
            continue;
        json_put_name(json, walk.key);
        json_put_raw(json, NULL, walk.value);
    }
    json_close_object(json);
}

static void put_stats(const role_t *role, period_t visible, text_t stats, json_writer_t *json)
{
    text_t subject;
    json_open_array(json, NULL);
    for (json_walk_t walk = json_walk(stats); json_next(&walk);) {
        if (!role || !json_plain_string(json_member(walk.value, "symbol"), &subject) || !role_may_subject(role, subject))
            continue;
        if (period_is_all(visible))
            json_put_raw(json, NULL, walk.value);
        else
            put_members(walk.value, tells_no_content, json);
    }
    json_close_array(json);
}

static void put_coverage(text_t coverage, json_writer_t *json)
{
    json_open_array(json, NULL);
    for (json_walk_t walk = json_walk(coverage); json_next(&walk);)
        put_members(walk.value, is_no_cursor, json);
    json_close_array(json);
}

static void put_oldest(period_t visible, text_t oldest, json_writer_t *json)
{
    json_open_object(json, NULL);
    for (json_walk_t walk = json_walk(oldest); json_next(&walk);) {
        int64_t time_ns;
        if (!moment_parse_json(json_member(walk.value, "time"), &time_ns) || !period_has(visible, time_ns))
            continue;
        json_put_name(json, walk.key);
        json_put_raw(json, NULL, walk.value);
    }
    json_close_object(json);
}

void redaction_put(const role_t *role, int64_t now_ns, text_t key, text_t value, buffer_t *out)
{
    json_writer_t json = json_write(out);
    period_t visible = role ? role_period(role, now_ns) : PERIOD_ALL;
    bool whole = role && period_is_all(visible);
    if (text_equal(key, TEXT("stats")))
        put_stats(role, visible, value, &json);
    else if (!whole && text_equal(key, TEXT("coverage")))
        put_coverage(value, &json);
    else if (!whole && text_equal(key, TEXT("oldest")))
        put_oldest(visible, value, &json);
    else
        json_put_raw(&json, NULL, value);
}
