/* Requests to the history socket (cached) and to the replay socket (connectord), and the answers: one JSON object in, one out.
 * history.md and replay.md have the grammar.
 */
#pragma once

#include "common/buffer.h"
#include "common/json/json.h"
#include "common/json/json_write.h"
#include "proto/cursor.h"
#include "proto/interval.h"

enum {
    REQUEST_MAX = 16384, /* bytes of a request, at most */
    REQUEST_COUNT_DEFAULT = 100,
    REQUEST_COUNT_MAX = 10000 /* trades in one answer, at most */
};

/* Error codes, as on the wire. */
#define ERROR_INVALID_JSON    "invalid_json"
#define ERROR_INVALID_REQUEST "invalid_request"
#define ERROR_UNKNOWN_OP      "unknown_op"
#define ERROR_INVALID_SYMBOL  "invalid_symbol"
#define ERROR_INVALID_TOPIC   "invalid_topic"
#define ERROR_INVALID_COUNT   "invalid_count"
#define ERROR_INVALID_CURSOR  "invalid_cursor"
#define ERROR_INVALID_TIME    "invalid_time"
#define ERROR_INVALID_SOURCE  "invalid_source"
#define ERROR_FORBIDDEN       "forbidden"
#define ERROR_LIMIT           "limit"
#define ERROR_UNAVAILABLE     "unavailable"
#define ERROR_INTERNAL        "internal"

typedef struct {
    bool has_id;
    uint64_t id; /* comes back in the answer */
    text_t op;
    text_t symbol, topic; /* empty where absent; valid (topic.h) where present */
    text_t token;         /* raw JSON string content; empty where absent */
    uint64_t count;       /* 1 to REQUEST_COUNT_MAX; REQUEST_COUNT_DEFAULT where absent */
    text_t source;        /* empty where absent; valid where present */
    bool has_from, has_to;
    cursor_t from, to; /* both inclusive */
    text_t from_each;  /* `from` as an object, raw: {"<source>":"<epoch>-<seq>",…}; empty if it is not one */
    bool has_before, has_after;
    int64_t before_ns, after_ns; /* both exclusive */
    interval_t interval;         /* of candles, which need it */
    text_t upto;                 /* as from_each */
    text_t next;                 /* of coverage: what an answer had as next; empty where absent */
} request_t;

/* On false, `answer` holds the whole error answer (with the id if it could be read): send it. Slices point into json. Unknown
 * members are ignored, so that older servers understand newer clients. */
bool request_parse(text_t json, request_t *request, buffer_t *answer);

/* The cursor that `upto` or `from_each` has for a source. False when it has none. */
bool request_place(text_t places, text_t source, cursor_t *cursor);

/* A request that has nothing but its operation, as a literal. */
#define REQUEST_OF(op) "{\"op\":\"" op "\"}"

/* Both empty `answer` first, so that an answer that can't be finished is replaced by an error. If the request has no id there is
 * none in the answer.
 *
 * {"ok":false,"id":7,"error":{"code":"invalid_symbol","message":"…"}} */
void answer_error(buffer_t *answer, const request_t *request, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A request of no frame or several, where it should be one. */
void answer_frames_error(buffer_t *answer, size_t frames);

/* {"ok":true,"id":7 — the caller puts the other members, and closes the object. */
json_writer_t answer_begin(buffer_t *answer, const request_t *request);

/* Is that what answer_error makes? */
bool answer_is_error(text_t answer);

/* The answer to a range, as a client of it reads it:
 *     {"ok":true,"id":7,"trades":[…],"missing":0,"next":"1763941200123456-1001"}
 */
typedef struct {
    text_t trades;    /* raw JSON array: json_walk it */
    uint64_t missing; /* trades between `from` and `to` (or the end) that the server does not have and will not get */
    bool has_next;
    cursor_t next; /* `from` for the next page; absent when this page reached the end */
} range_answer_t;

/* The request's text without "id", for requester_send: {"op":"range","topic":…,"from":…,"to":…,"count":…}. `to` may be NULL. */
void range_request_print(buffer_t *out, text_t topic, cursor_t from, const cursor_t *to, uint64_t count);

/* False for an error answer or anything else that is not a range's answer; json need not be valid. */
bool range_answer_parse(text_t json, range_answer_t *answer);

/* {"op":"ahead","topic":…,"to":…}: somebody has trades of the stream up to there, more than its journal has. The answer
 * {"ok":true,"epoch":…} has the epoch that the stream is in now. */
void ahead_request_print(buffer_t *out, text_t topic, cursor_t to);
bool ahead_answer_parse(text_t json, uint64_t *epoch);

/* One stream of replay's list: {"topic":"trade.BTC-USD.blockchain","first":"<epoch>-<seq>","last":"<epoch>-<seq>"}. */
typedef struct {
    text_t topic; /* topic_parse takes it */
    cursor_t last;
} streams_item_t;

/* {"op":"streams","topic":…}; an empty topic: all streams. */
void streams_request_print(buffer_t *out, text_t topic);

/* False for an error answer or anything else that is not a list; json need not be valid. On true, `walk` is before the first stream. */
bool streams_answer_parse(text_t json, json_walk_t *walk);

/* Reads the walk's current item. False if it is not a stream. */
bool streams_item_parse(text_t json, streams_item_t *item);
