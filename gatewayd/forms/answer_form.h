/* What stands around the trades of an answer to getRecentTrades, which most have ready-made: by the form of who asks.
 *
 *     ANSWER_RPC    {members,"trades":[…],others,"next":…}}
 *     ANSWER_LIST             [… ],"page":{members,others,"next":…}}
 *     ANSWER_REST   {"version":"v1",members,"trades":[…],others,"next":"<token>"} LF
 */
#pragma once

#include "common/buffer.h"

typedef enum {
    ANSWER_RPC,  /* the JSON-RPC result, and the brace after it */
    ANSWER_LIST, /* the same if the list is the result (dialect.h) */
    ANSWER_REST, /* the body, and a line feed */
    ANSWER_FORM_COUNT
} answer_form_t;

#define ANSWER_REST_BEGIN "{\"version\":\"v1\""

/* What the members around a list start with if the list alone is the result. */
#define ANSWER_PAGE ",\"page\":{"

/* Appends what stands in front of `"trades":`, or, of ANSWER_LIST, of the array. members: "channel":"trades",… */
void answer_form_begin(answer_form_t form, text_t members, buffer_t *out);

/* Appends what stands behind the array. others: ,"missing":0,… next: raw JSON, or empty. */
void answer_form_end(answer_form_t form, text_t members, text_t others, text_t next, buffer_t *out);

/* What getRecentTrades takes of who gets its answer in this form. */
typedef struct {
    uint64_t count;     /* trades, if the client gives no number */
    bool needs_channel; /* otherwise it may be absent */
} answer_form_recent_t;

const answer_form_recent_t *answer_form_recent(answer_form_t form);
