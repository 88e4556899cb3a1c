/* The journal: the truth about what was published, and where a restart continues.
 *
 * Every trade of every stream, in the order of publication, in a ring of memory-mapped segment files. Trades are appended in small batches to
 * the page cache: what was flushed before a kill -9 is there for the next process. Records carry a CRC-32C, so after a power failure
 * or on a bad disk the good prefix of each segment is kept and the rest is set aside (and logged).
 *
 *     state/journal/  lock                    held while open: a second process is refused
 *                     00000000000000000017.seg   segments, numbered upwards; the oldest goes when the ring is full
 *                     00000000000000000018.seg
 *                     00000000000000000018.bad.<unix time>   what was set aside
 *
 * A segment begins with its header (magic, version, epoch, number) and a record for every stream with its topic and its last seq then,
 * so a stream whose trades have all left the ring still never reuses a seq.
 */
#pragma once

#include "connectord/journal/journal_stream.h"
#include "proto/cursor.h"

typedef struct journal journal_t;

/* path: a directory, created (with its parents) if it does not exist. capacity_bytes: of all segments together, 1 MiB or more. A journal
 * that exists continues its epoch. A new one takes now_us; and so does one whose end may be lost (damage in the newest segment, a
 * power failure, files that are a copy), for which the former epoch's segments are set aside: no seq ever stands for two trades of one
 * epoch. NULL with a log line that says why (in use by another process, no permission, disk full, a newer version, …). */
journal_t *journal_open(const char *path, uint64_t capacity_bytes, uint64_t now_us);

uint64_t journal_epoch(const journal_t *self);

/* Why the epoch began: "before" (it was there when opened), "new", "end_lost", "copy", "follower_ahead" (journal_renew). */
const char *journal_began(const journal_t *self);

/* Starts a new epoch, greater than `after` and the current one: now_us, if that is greater. What was appended since the opening continues in it,
 * in the same order, with the seqs 1, 2, 3 …; streams stay valid, but their seqs change. What was there when opened is set aside with the
 * former epoch's segments. 2,000,000 trades (555 MB) took 1.8 s. False with a log line, and nothing changed, if disk or memory has no room. */
bool journal_renew(journal_t *self, uint64_t after, uint64_t now_us);

/* The epoch that the journal had before journal_renew; 0: it was not renewed since the opening. */
uint64_t journal_former_epoch(const journal_t *self);

/* The stream of a topic (topic.h), made when it is new. NULL when memory or disk runs out. Stays valid until journal_close. */
journal_stream_t *journal_stream(journal_t *self, text_t topic);

/* The same, but NULL for an unknown topic. */
journal_stream_t *journal_find(const journal_t *self, text_t topic);

/* All streams, in the order of creation: number 0, 1, 2 …; NULL beyond the last. */
journal_stream_t *journal_stream_at(const journal_t *self, size_t number);

/* Has the next segment made ahead, open and with its room on the disk, so that to go on depends neither on what others leave of the disk nor on
 * descriptors; where the ring is full the oldest one is as good. To be called now and then. False, with a rate-limited log line, where it can't be now. */
bool journal_keep_spare(journal_t *self);
bool journal_has_spare(const journal_t *self);

/* Why nothing can be appended now: an errno; 0: all is well. It is stuck from the first failed append until journal_unstick, which is to be called
 * now and then, finds that it can continue. */
int journal_stuck(const journal_t *self);
bool journal_unstick(journal_t *self);

/* Appends the trade with the seq journal_last + 1. It can be read at once, but is safe, and may be published, only after a flush: by
 * journal_flush, or by another append when there are many. False, with a rate-limited log line, when the disk is full: nothing was
 * appended then. */
bool journal_append(journal_t *self, journal_stream_t *stream, text_t json);

/* Makes safe what was appended. */
void journal_flush(journal_t *self);

/* Called with each trade once it is safe, in the order of appending; it must not append anything. `json` is valid during the call. */
typedef void journal_safe_fn(void *arg, const journal_stream_t *stream, text_t json);
void journal_on_safe(journal_t *self, journal_safe_fn *safe, void *arg);

/* The trade with that seq, or an empty slice if it is not in the ring. Valid until the next append or flush. Soon after the opening it may have
 * to be searched for in its segment first. */
text_t journal_read(journal_t *self, const journal_stream_t *stream, uint64_t seq);

/* Reads a little further (less than a ms) in the segments not needed for the opening, and checks them. False when all have been read. */
bool journal_read_on(journal_t *self);

/* Bytes appended since the journal was created, and bytes that the ring holds. */
uint64_t journal_position(const journal_t *self);
uint64_t journal_bytes(const journal_t *self);

/* Writes what is in memory to the disk and waits for it. */
void journal_sync(journal_t *self);

/* journal_sync, and releases the journal. */
void journal_close(journal_t **self);
