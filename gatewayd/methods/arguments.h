/* What methods are asked for. Each door has it in its own form, of which one argument after the other is read, checked, and refused in the same words.
 */
#pragma once

#include "gatewayd/auth/period.h"
#include "gatewayd/forms/answer_form.h"
#include "gatewayd/forms/params.h"
#include "gatewayd/forms/reply.h"
#include "gatewayd/forms/value.h"
#include "proto/interval.h"
#include "proto/request.h"

/* What a method takes, in the order in which it is checked. */
typedef enum {
    TAKES_NO_MORE,
    TAKES_CHANNEL,       /* "channel": that of trades where it is absent; before the symbol, which is a key in another one */
    TAKES_CHANNEL_NAMED, /* it may not be absent */
    TAKES_CHANNEL_ASKED, /* it may be absent unless answer_form_recent says so */
    TAKES_SYMBOL,        /* "symbol" */
    TAKES_SYMBOL_OR_ALL, /* of trades it may be absent */
    TAKES_SOURCE,        /* "source" */
    TAKES_COUNT,         /* "count": 1 to REQUEST_COUNT_MAX */
    TAKES_BEFORE,        /* "beforeTimestamp", "afterTimestamp": times in the forms of history.md */
    TAKES_AFTER,
    TAKES_FROM, /* "from", "to": cursors */
    TAKES_TO,
    TAKES_NEXT,     /* "next": where a page goes on */
    TAKES_PLACE,    /* the same for coverage */
    TAKES_SINCE,    /* "since": where a subscription goes on */
    TAKES_INTERVAL, /* "interval": it may not be absent */
    TAKES_BATCH,    /* "batch" */
    TAKES_MARK,     /* "mark" */
    TAKES_TOKEN,    /* "token" */
    TAKES_COUNT_OF
} takes_t;

enum { TAKES_MAX = 8 /* of one method, with TAKES_NO_MORE */ };

/* Valid, or as if absent. The other texts live as long as the form does. */
typedef struct {
    param_text_t channel;        /* "trades" where it is absent */
    param_text_t symbol, source; /* a subject (topic.h); length 0: absent */
    uint64_t count;              /* 0: absent */
    int64_t before_ns, after_ns; /* since 1970; INT64_MIN: absent */
    period_t visible;            /* to the caller. Not read, but set by who calls the method */
    text_t from, to;             /* cursors; empty: absent */
    text_t next;                 /* raw JSON: an object with a cursor by source, or, of coverage, a string; empty: absent */
    text_t since;                /* the same, or a string with a cursor */
    text_t token;                /* raw JSON: a string, "" where it is absent. Never logged or repeated */
    interval_t interval;
    bool batch, mark;
} arguments_t;

/* Is a channel beside trades offered, to who asks? */
typedef bool arguments_channel_fn(const void *arg, text_t channel);

/* Reads what the method takes. False with an error as the reply. form: of the answer; has_channel: with `arg`. */
bool arguments_read(arguments_t *self, const takes_t *takes, value_fn *value, const void *from, answer_form_t form,
                    arguments_channel_fn *has_channel, const void *arg, reply_t *reply);
