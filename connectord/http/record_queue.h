/* Records of an answer that are still to be given on, copied: an answer may have many, and may tell them from the newest to
 * the oldest. */
#pragma once

#include "common/buffer.h"
#include "connectord/mapping/mapping_record.h"

enum { RECORD_QUEUE_MAX = 100000 /* records */ };

typedef struct {
    mapping_record_t record; /* but for where its texts are: they stand one behind the other … */
    size_t texts;            /* … from here on in `texts` */
    bool is_trade;
} queued_record_t;

typedef struct {
    queued_record_t *records; /* owned */
    size_t count, room;
    size_t taken; /* of them, from the front */
    buffer_t texts;
} record_queue_t;

record_queue_t record_queue_new(void);
void record_queue_release(record_queue_t *self);

/* Empties it, and keeps its memory. */
void record_queue_clear(record_queue_t *self);

/* At the end. False when it is full, or memory runs out. */
bool record_queue_put(record_queue_t *self, const mapping_record_t *record);

/* Has the last one that was put come first. Only when none has been taken. */
void record_queue_reverse(record_queue_t *self);

/* The first one, which is no longer in it; its texts are valid until the next put or clear. False when the queue is empty. */
bool record_queue_take(record_queue_t *self, mapping_record_t *record);

static inline size_t record_queue_count(const record_queue_t *self)
{
    return self->count - self->taken;
}
