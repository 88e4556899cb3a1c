/* A scanner over JSON text that hands out raw slices.
 *
 * For what must keep its exact text (ids, decimals, whole trades) and for hot paths. It strictly checks what RFC 8259
 * requires (grammar, escapes, UTF-8, at most JSON_DEPTH levels) and allocates nothing. Where values are interpreted at
 * leisure, cJSON serves.
 */
#pragma once

#include "common/text.h"

enum { JSON_DEPTH = 64 };

typedef enum { JSON_NONE, JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL } json_kind_t;

/* Is the whole text one JSON value, with nothing but white space around it? */
bool json_valid(text_t text);

/* The kind of the value that the text starts with, judged by its first character. JSON_NONE for none. */
json_kind_t json_kind(text_t value);

/* Walks the members of an object or the elements of an array. `value` is raw: a string keeps its quotes and escapes.
 * The text given must be valid (json_valid), but a walk over anything else ends without reading outside of it.
 *
 *     json_walk_t walk = json_walk(object);
 *     while (json_next(&walk))
 *         use(walk.key, walk.value);
 */
typedef struct {
    const char *at, *end;
    const char *behind; /* the bracket that closes it; once it is closed */
    unsigned depth;     /* how many walks it is inside of */
    bool object;
    bool first, closed; /* for json_next and json_closed */
    bool plain_key;     /* no escapes in the key */
    bool plain;         /* no escapes in the value, if that is a string */
    text_t key;         /* of an object's member, raw, without its quotes; empty in an array */
    text_t value;       /* raw */
} json_walk_t;

json_walk_t json_walk(text_t container);
bool json_next(json_walk_t *walk);

/* After json_next returned false: was that the end of a valid container (json_valid)? So unchecked text
 * need not be scanned twice. */
bool json_closed(const json_walk_t *walk);

/* json_next in two steps, so that a value which is a container can be walked through where it stands, in the one pass over the text: first the
 * key, then the value itself or a walk inside of it, to its end.
 *
 *     while (json_next_key(&walk))
 *         if (is_wanted(walk.key) && json_enter(&walk, &inner)) {
 *             while (json_next(&inner))
 *                 use(inner.key, inner.value);
 *             json_leave(&walk, &inner);
 *         } else {
 *             json_take(&walk);
 *         }
 */
bool json_next_key(json_walk_t *walk);

/* The value, or nothing that is one: false then, and so is the next step. */
bool json_take(json_walk_t *walk);

/* False when the value is no container: json_take is to follow. */
bool json_enter(const json_walk_t *walk, json_walk_t *inner);

/* `inner` has come to its end: the walk goes on behind it, and has its value. False, as json_take, when that was not the end of a valid container. */
bool json_leave(json_walk_t *walk, const json_walk_t *inner);

/* The raw value of an object's first member of that name (compared raw: names with escapes never match), or an empty
 * slice. */
text_t json_member(text_t object, const char *key);

/* The content of a raw string without escapes. False for anything else. */
bool json_plain_string(text_t value, text_t *content);

/* What a raw string means, escapes resolved, as UTF-8 into `out`, which has room for as many bytes as the raw string has. A \u escape of
 * half a surrogate pair becomes U+FFFD. False when it is not a string. *content points into `out`, or into value where there are no
 * escapes. */
bool json_string(text_t value, char *out, text_t *content);

/* A raw number that is a whole number from 0 to UINT64_MAX, without fraction or exponent. False for anything else. */
bool json_u64(text_t value, uint64_t *number);
