#include "common/json/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A value that is being scanned. Containers are a stack of bits, one a level: 1 for an object. */
typedef struct {
    const char *at, *end;
    uint64_t objects;
    unsigned depth, depth_max;
} scan_t;

_Static_assert(JSON_DEPTH <= 64, "a level is a bit of scan_t.objects");

static const char *text_end(text_t text)
{
    return text.length ? text.at + text.length : text.at;
}

static inline const char *skip_space(const char *at, const char *end)
{
    if (at<end && * at> ' ') /* nearly always */
        return at;
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

static inline const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Each scan_… returns the place behind what it found at `at`, or NULL when that is not there. */

static const char *scan_escape(const char *at, const char *end)
{
    if (end - at < 2)
        return NULL;
    if (at[1] != 'u')
        return at[1] && strchr("\"\\/bfnrt", at[1]) ? at + 2 : NULL;
    if (end - at < 6)
        return NULL;
    for (int i = 2; i < 6; i++)
        if (!is_hex(at[i]))
            return NULL;
    return at + 6;
}

/* Behind what a string holds as it is: ASCII but controls, '"' and '\\'. */
static inline const char *skip_plain(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i controls = _mm_cmplt_epi8(bytes, space); /* and what is beyond ASCII, as these are signed */
        __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        int found = _mm_movemask_epi8(_mm_or_si128(controls, marks));
        if (found)
            return at + __builtin_ctz((unsigned)found);
    }
#endif
    while (at < end && (signed char)*at >= ' ' && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* An escape, or a character beyond ASCII. */
static const char *scan_special(const char *at, const char *end)
{
    if (*at == '\\')
        return scan_escape(at, end);
    if ((unsigned char)*at < 0x80)
        return NULL;
    size_t n = text_utf8_char((text_t){at, (size_t)(end - at)});
    return n ? at + n : NULL;
}

/* *plain is set to false where there are escapes. */
static inline const char *scan_string(const char *at, const char *end, bool *plain)
{
    if (at == end || *at != '"')
        return NULL;
    at++;
    while ((at = skip_plain(at, end)) < end) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\')
            *plain = false;
        if (!(at = scan_special(at, end)))
            return NULL;
    }
    return NULL;
}

static inline const char *scan_number(const char *at, const char *end)
{
    at += *at == '-';
    const char *after = skip_digits(at, end);
    if (after == at || (*at == '0' && after > at + 1))
        return NULL;
    at = after;
    if (at < end && *at == '.') {
        after = skip_digits(at + 1, end);
        if (after == at + 1)
            return NULL;
        at = after;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        after = skip_digits(at, end);
        if (after == at)
            return NULL;
        at = after;
    }
    return at;
}

static const char *scan_word(const char *at, const char *end, text_t word)
{
    return text_starts_with((text_t){at, (size_t)(end - at)}, word) ? at + word.length : NULL;
}

static inline json_kind_t kind_by(char first)
{
    switch (first) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    case '-':
        return JSON_NUMBER;
    default:
        return first >= '0' && first <= '9' ? JSON_NUMBER : JSON_NONE;
    }
}

static inline const char *scan_scalar(const char *at, const char *end, bool *plain)
{
    switch (at < end ? kind_by(*at) : JSON_NONE) {
    case JSON_STRING:
        return scan_string(at, end, plain);
    case JSON_NUMBER:
        return scan_number(at, end);
    case JSON_TRUE:
        return scan_word(at, end, TEXT("true"));
    case JSON_FALSE:
        return scan_word(at, end, TEXT("false"));
    case JSON_NULL:
        return scan_word(at, end, TEXT("null"));
    default:
        return NULL;
    }
}

static inline const char *scan_colon(const char *at, const char *end)
{
    at = skip_space(at, end);
    return at < end && *at == ':' ? at + 1 : NULL;
}

/* A member's name, the colon, and the space before them. */
static const char *scan_key(const char *at, const char *end)
{
    bool plain;
    at = scan_string(skip_space(at, end), end, &plain);
    return at ? scan_colon(at, end) : NULL;
}

static bool in_object(const scan_t *scan)
{
    return scan->objects & 1;
}

/* At the closing bracket of the container we are in: steps out of it. */
static bool leave(scan_t *scan)
{
    if (scan->at == scan->end || *scan->at != (in_object(scan) ? '}' : ']'))
        return false;
    scan->at++;
    scan->objects >>= 1;
    scan->depth--;
    return true;
}

/* Goes on to where the next element's value begins. */
static bool to_element(scan_t *scan)
{
    return !in_object(scan) || (scan->at = scan_key(scan->at, scan->end));
}

/* At a bracket that opens: steps in, to the first value, or through when it is empty (*value_follows false then). */
static bool enter(scan_t *scan, bool *value_follows)
{
    if (scan->depth == scan->depth_max)
        return false;
    scan->objects = scan->objects << 1 | (*scan->at == '{');
    scan->depth++;
    scan->at = skip_space(scan->at + 1, scan->end);
    *value_follows = !leave(scan);
    return !*value_follows || to_element(scan);
}

/* Behind a value: to the next one, out of as many containers as end here. *value_follows is false at the end of the whole. */
static bool go_on(scan_t *scan, bool *value_follows)
{
    *value_follows = false;
    while (scan->depth) {
        scan->at = skip_space(scan->at, scan->end);
        if (scan->at < scan->end && *scan->at == ',') {
            scan->at++;
            *value_follows = true;
            return to_element(scan);
        }
        if (!leave(scan))
            return false;
    }
    return true;
}

static const char *scan_value(const char *from, const char *end, unsigned depth_max)
{
    scan_t scan = {.at = from, .end = end, .depth_max = depth_max};
    bool value_follows = true, plain;
    while (value_follows) {
        scan.at = skip_space(scan.at, end);
        if (scan.at == end)
            return NULL;
        if (*scan.at == '{' || *scan.at == '[') {
            if (!enter(&scan, &value_follows))
                return NULL;
            if (value_follows)
                continue;
        } else if (!(scan.at = scan_scalar(scan.at, end, &plain))) {
            return NULL;
        }
        if (!go_on(&scan, &value_follows))
            return NULL;
    }
    return scan.at;
}

bool json_valid(text_t text)
{
    const char *end = text_end(text);
    const char *after = scan_value(text.at, end, JSON_DEPTH);
    return after && skip_space(after, end) == end;
}

json_kind_t json_kind(text_t value)
{
    return value.length == 0 ? JSON_NONE : kind_by(value.at[0]);
}

json_walk_t json_walk(text_t container)
{
    const char *end = text_end(container);
    const char *at = skip_space(container.at, end);
    json_kind_t kind = json_kind((text_t){at, (size_t)(end - at)});
    if (kind != JSON_OBJECT && kind != JSON_ARRAY)
        return (json_walk_t){.at = end, .end = end};
    return (json_walk_t){.at = at + 1, .end = end, .object = kind == JSON_OBJECT, .first = true};
}

/* At the bracket that closes the container: is there nothing but space behind it, or the rest of the walk that it is inside of? */
static inline bool closes(json_walk_t *walk, const char *at)
{
    if (at == walk->end || *at != (walk->object ? '}' : ']'))
        return false;
    walk->behind = at + 1;
    return walk->depth > 0 || skip_space(at + 1, walk->end) == walk->end;
}

/* The name of a member that begins at `at`, and the colon; returns where its value begins. */
static inline const char *take_key(json_walk_t *walk, const char *at)
{
    walk->plain_key = true;
    const char *behind = scan_string(at, walk->end, &walk->plain_key);
    const char *behind_colon = behind ? scan_colon(behind, walk->end) : NULL;
    if (!behind_colon)
        return NULL;
    walk->key = (text_t){at + 1, (size_t)(behind - at) - 2};
    return skip_space(behind_colon, walk->end);
}

/* It is over, whether or not as it should be. */
static inline bool stop(json_walk_t *walk)
{
    walk->at = walk->end;
    return false;
}

static inline bool go_to_value(json_walk_t *walk)
{
    const char *at = skip_space(walk->at, walk->end);
    walk->key = (text_t){at, 0};
    walk->closed = walk->closed || (walk->first && closes(walk, at));
    walk->first = false;
    if (at == walk->end || walk->closed || (walk->object && !(at = take_key(walk, at))))
        return stop(walk);
    walk->at = at;
    return true;
}

/* A value is there: to what follows it. */
static inline bool pass(json_walk_t *walk, const char *behind)
{
    walk->value = (text_t){walk->at, (size_t)(behind - walk->at)};
    behind = skip_space(behind, walk->end);
    bool goes_on = behind < walk->end && *behind == ',';
    walk->closed = !goes_on && closes(walk, behind);
    walk->at = goes_on ? behind + 1 : walk->end;
    return true;
}

static inline bool is_container(const char *at, const char *end)
{
    return at < end && (*at == '{' || *at == '[');
}

static inline bool take(json_walk_t *walk)
{
    const char *at = walk->at, *end = walk->end;
    walk->plain = true;
    const char *behind =
        is_container(at, end) ? scan_value(at, end, JSON_DEPTH - 1 - walk->depth) : scan_scalar(at, end, &walk->plain);
    return behind ? pass(walk, behind) : stop(walk);
}

bool json_next_key(json_walk_t *walk)
{
    return go_to_value(walk);
}

bool json_take(json_walk_t *walk)
{
    return take(walk);
}

bool json_next(json_walk_t *walk)
{
    return go_to_value(walk) && take(walk);
}

bool json_enter(const json_walk_t *walk, json_walk_t *inner)
{
    const char *at = walk->at;
    if (!is_container(at, walk->end) || walk->depth == JSON_DEPTH - 1)
        return false;
    *inner = (json_walk_t){.at = at + 1, .end = walk->end, .depth = walk->depth + 1, .object = *at == '{', .first = true};
    return true;
}

bool json_leave(json_walk_t *walk, const json_walk_t *inner)
{
    walk->plain = true;
    return inner->closed ? pass(walk, inner->behind) : stop(walk);
}

bool json_closed(const json_walk_t *walk)
{
    return walk->closed;
}

text_t json_member(text_t object, const char *key)
{
    text_t name = text_of(key);
    json_walk_t walk = json_walk(object);
    while (walk.object && json_next(&walk))
        if (text_equal(walk.key, name))
            return walk.value;
    return (text_t){NULL, 0};
}
