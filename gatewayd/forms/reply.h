/* Where a method's answer goes: once, now or later, either what it found or an error. Who carries out a request knows no more of who asked; each
 * door prints its own form: JSON-RPC in rpc.h.
 */
#pragma once

#include "common/buffer.h"
#include "gatewayd/forms/rpc_code.h"

enum {
    REPLY_MAX = 16 << 20,    /* bytes of an answer, and of a batch of them */
    REPLY_MESSAGE_MAX = 512, /* bytes of an error's message */
    REPLY_ROOM = 512,        /* writable bytes in front of a result that is placed */
};

typedef struct reply reply_t;

/* A result that is an object, of which one member, an array, is what was asked for. Raw JSON, in pieces, so that nobody need
 * look through a long one. */
typedef struct {
    const char *name; /* of the list */
    text_t before;    /* the members before it, at least one: "channel":"trades","symbol":"BTC-USD" */
    text_t list;      /* the array */
    text_t after;     /* those after it, each after a comma: ,"incomplete":true,"next":{…} */
} reply_list_t;

/* What each kind does. All but `wanted` end the reply: it is gone then. reason: NULL: none. */
typedef struct {
    void (*result)(reply_t *self, text_t result);
    void (*list)(reply_t *self, const reply_list_t *list);
    void (*placed)(reply_t *self, char *result, size_t length);
    void (*error)(reply_t *self, int code, const char *reason, text_t message);
    bool (*wanted)(const reply_t *self);
} reply_kind_t;

/* A member of what each door has of a request. */
struct reply {
    const reply_kind_t *kind;
};

/* `result` is JSON. */
static inline void reply_result(reply_t *self, text_t result)
{
    self->kind->result(self, result);
}

/* A list that was asked for and what is around it. */
static inline void reply_list(reply_t *self, const reply_list_t *list)
{
    self->kind->list(self, list);
}

/* A result already in the form of who asked, followed by one byte that ends it there, with REPLY_ROOM writable bytes in front: where it is sent alone
 * nothing is copied. */
static inline void reply_placed(reply_t *self, char *result, size_t length)
{
    self->kind->placed(self, result, length);
}

/* Is the answer still wanted? Where it is not it is to end with an error, which nobody gets. */
static inline bool reply_wanted(const reply_t *self)
{
    return self->kind->wanted(self);
}

/* code: of rpc_code.h. The message is for people, and cut at REPLY_MESSAGE_MAX. */
void reply_error(reply_t *self, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with a reason that programs can read: a word of lower-case letters, which is the error's data.reason. */
void reply_refuse(reply_t *self, int code, const char *reason, const char *message);

/* There is no room for the answer: too many bytes wait. */
void reply_crowded(reply_t *self);

/* The error for a channel that nobody offers; and for a subject (topic.h): its symbol or key, or, where that is not offered, its channel. */
void reply_refuse_channel(reply_t *self);
void reply_refuse_subject(reply_t *self, text_t subject, bool offers_channel);
