#include "proto/moment.h"

#include "common/clock.h"
#include "common/json/json.h"
#include "common/timestamp.h"

enum {
    DAY_LENGTH = 10,      /* 2025-11-10 */
    MINUTE_LENGTH = 16,   /* 2025-11-10T17:24 */
    OFFSET_LENGTH = 6,    /* +01:00 */
    TIME_MAX = 35,        /* 2025-11-10T17:24:33.937345123+01:00 */
    RAW_MAX = 256,        /* of a JSON string, with escapes */
    MS_DIGITS_LEAST = 12, /* since 1973 */
    MS_DIGITS_MOST = 13,
};

static bool is_zone(text_t text)
{
    return text.length == 0 || (text.length == 1 && (text.at[0] == 'Z' || text.at[0] == 'z')) ||
           (text.length == OFFSET_LENGTH && (text.at[0] == '+' || text.at[0] == '-'));
}

static bool parse_ms(text_t digits, int64_t *ns)
{
    uint64_t ms;
    bool zero = text_equal(digits, TEXT("0"));
    bool fits = digits.length >= MS_DIGITS_LEAST && digits.length <= MS_DIGITS_MOST && digits.at[0] != '0';
    if (!(zero || fits) || !text_to_u64(digits, &ms) || ms > INT64_MAX / NS_PER_MS)
        return false;
    *ns = (int64_t)ms * NS_PER_MS;
    return true;
}

/* `part`, and behind it what is missing of a time, and `zone`. */
static bool parse_completed(text_t part, text_t missing, text_t zone, int64_t *ns)
{
    char whole[TIME_MAX];
    memcpy(whole, part.at, part.length);
    memcpy(whole + part.length, missing.at, missing.length);
    memcpy(whole + part.length + missing.length, zone.at, zone.length);
    return timestamp_parse((text_t){whole, part.length + missing.length + zone.length}, ns);
}

bool moment_parse(text_t text, int64_t *ns)
{
    if (text.length == DAY_LENGTH)
        return parse_completed(text, TEXT("T00:00:00"), TEXT("Z"), ns);
    if (text.length >= MINUTE_LENGTH) {
        text_t minute = {text.at, MINUTE_LENGTH}, zone = {text.at + MINUTE_LENGTH, text.length - MINUTE_LENGTH};
        return is_zone(zone) ? parse_completed(minute, TEXT(":00"), zone, ns) : timestamp_parse(text, ns);
    }
    return parse_ms(text, ns);
}

bool moment_parse_query(text_t text, int64_t *ns)
{
    char mended[TIME_MAX];
    if (text.length < MINUTE_LENGTH + OFFSET_LENGTH || text.length > TIME_MAX || text.at[text.length - OFFSET_LENGTH] != ' ')
        return moment_parse(text, ns);
    memcpy(mended, text.at, text.length);
    mended[text.length - OFFSET_LENGTH] = '+';
    return moment_parse((text_t){mended, text.length}, ns);
}

bool moment_parse_json(text_t raw, int64_t *ns)
{
    char room[RAW_MAX];
    text_t text;
    if (json_kind(raw) == JSON_NUMBER)
        return parse_ms(raw, ns);
    return raw.length <= sizeof room && json_string(raw, room, &text) && moment_parse(text, ns);
}
