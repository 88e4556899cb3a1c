/* The last trades of one stream as ready-made WebSocket frames, for any number of readers.
 *
 * Writers append; a reader holds a position, which only grows, and takes the longest run of whole frames that follows it.
 * What the writer overwrites is gone: a reader that was there learns it (ring_lapped) and decides what to do.
 *
 *          tail                              head
 *     ──────┬──────┬──────┬──────┬──────┬──────┐
 *     gone  │  43  │  44  │ gap  │  49  │  50  │ next
 *     ──────┴──────┴──────┴──────┴──────┴──────┘
 *     floor = 42                       last = 50
 *
 * The memory is mapped twice in a row, so a run across its end is contiguous, too. An index of (cursor, position)
 * entries finds the place of a cursor by bisection.
 */
#pragma once

#include "gatewayd/forms/frame.h"
#include "proto/cursor.h"

typedef struct ring ring_t;

enum {
    RING_BYTES_MIN = 65536,
    RING_BYTES_LATEST = 16384 /* the same, of records of at most RECORD_MAX */,
    RING_RUN_MAX = 65536 /* bytes of a run, at most */
};

/* capacity_bytes: a power of two, RING_BYTES_LATEST or more. `floor`: the place after which the ring starts. NULL when memory or
 * file descriptors run out. */
ring_t *ring_new(size_t capacity_bytes, cursor_t floor);
void ring_destroy(ring_t **self);

/* A ring of the same size with the frames of `self`, a ring made by ring_new, in another dialect: as many of the newest as fit. NULL as
 * ring_new. */
ring_t *ring_render(const ring_t *self, dialect_t dialect);

/* Before anything is appended: what comes is of this subject (topic.h), or of another one of its channel. Otherwise it is trades. */
void ring_tell_of(ring_t *self, text_t subject);

/* Appends a trade as a trades.update (or a record as the <channel>.update of its channel, and so on), or what is missing up to `at` as a trades.gap: `json` is the params. `at` must be after
 * the last cursor; json at most a quarter of RING_BYTES_MIN. Overwrites the oldest; O(length), no allocation. */
void ring_append_trade(ring_t *self, cursor_t at, text_t json);
void ring_append_gap(ring_t *self, cursor_t at, text_t json);

/* The stream continues in another epoch: what was (former.epoch, former.seq + n) is (epoch, n) from now on; frames do not change. Any other
 * cursor stays. And a trades.gap that says so: `at` is the last cursor, and nothing is missing. */
void ring_renew(ring_t *self, cursor_t former, uint64_t epoch);
void ring_append_turn(ring_t *self, cursor_t at, text_t json);

/* Of a ring made by ring_new. Puts the trade of the ring's floor before all others, which moves the floor one down. False, and nothing is done, when `at` is not the
 * floor, there is no room, or the ring has overwritten something before: what readers of it saw must stay what it was. */
bool ring_prepend_trade(ring_t *self, cursor_t at, text_t json);

/* Everything after this cursor, up to the last one, is in the ring. */
cursor_t ring_floor(const ring_t *self);

/* The cursor in the middle of the ring: a reader that has reached it is not overtaken soon. The floor of an empty ring. */
cursor_t ring_middle(const ring_t *self);

/* The newest cursor; the floor of an empty ring. */
cursor_t ring_last(const ring_t *self);

/* The end of the last gap; a zero cursor when there was none. */
cursor_t ring_last_gap(const ring_t *self);

/* The position after the newest frame. */
uint64_t ring_head(const ring_t *self);

/* The position of the newest frame; the head of an empty ring. */
uint64_t ring_newest(const ring_t *self);

/* Has this position been overwritten? */
bool ring_lapped(const ring_t *self, uint64_t position);

/* The position of the first frame after a cursor. False when it is before the floor, or beyond the last one. */
bool ring_find(const ring_t *self, cursor_t after, uint64_t *position);

/* Whole frames from a position that is not lapped: as many as fit into RING_RUN_MAX bytes, at least one unless the position is the
 * head. *last is set to the cursor of the last of them; it is unchanged when there are none. The slice is valid until the
 * next append. */
text_t ring_read(const ring_t *self, uint64_t position, cursor_t *last);

/* A run from ring_read as one frame (frame_append_batch), compressed if requested. The last one of each is kept, so it is made once for
 * all readers at the same place; valid until the next call. Empty when memory runs out. Not of a ring in DIALECT_DEFLATE. */
text_t ring_batch(ring_t *self, uint64_t position, text_t run, bool deflate);

/* The cursor of the frame that ends at a position. */
cursor_t ring_cursor(const ring_t *self, uint64_t end);

/* How many frames it holds. */
uint64_t ring_frames(const ring_t *self);

/* How many frames are behind a cursor. False as ring_find. */
bool ring_behind(const ring_t *self, cursor_t after, uint64_t *frames);

/* Of a ring made by ring_new. Frames counted from the newest one (0) backwards; false beyond the oldest. `json` is empty for a gap. */
bool ring_entry(const ring_t *self, size_t back, cursor_t *cursor, text_t *json);

/* Of several records: how many, and the sum of their sums (frame_sum) modulo 2^32. */
typedef struct {
    uint64_t count;
    uint32_t hash;
} ring_sum_t;

/* The records (no gaps) between two positions that are not lapped, each that of a frame, or the head: those of a run that was sent. A sum of all before
 * it stands beside each entry, so O(log n). In DIALECT_RPC these are made when somebody asks for the first time, so that they cost nothing where
 * nobody does; each record is looked at once then, 0.5 ms per MiB. */
ring_sum_t ring_sum(ring_t *self, uint64_t from_position, uint64_t to_position);
