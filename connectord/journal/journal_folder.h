/* The journal's folder: its lock, its segments, and what was set aside.
 *
 *     lock                             held (flock) while open; the holder's process id
 *     boot                             the start of the machine under which the journal is open; gone after a clean close
 *     00000000000000000017.seg         a segment
 *     00000000000000000018.new         an unfinished one: removed
 *     00000000000000000016.bad.<time>  damaged and set aside, at most JOURNAL_BAD_MAX of them
 *     epoch-<epoch>/                   the segments of the epoch before, if it had to be abandoned
 */
#pragma once

#include "common/text.h"

enum { JOURNAL_BAD_MAX = 16 };

typedef struct journal_folder journal_folder_t;

/* Creates the folder and its parents if needed, locks it, and lists it. now_s: seconds since 1970, for names. NULL with a log line. */
journal_folder_t *journal_folder_open(const char *path, uint64_t now_s);

/* The numbers of the segments, ascending, as found when opened. */
const uint64_t *journal_folder_segments(const journal_folder_t *self, size_t *count);

/* The highest epoch ever set aside here, 0 if none. */
uint64_t journal_folder_last_epoch(const journal_folder_t *self);

/* Did the machine go down while the journal was open? Then the end may be missing without a trace. */
bool journal_folder_was_cut_off(const journal_folder_t *self);

/* From now on the journal counts as open: a power failure leaves a mark. False with a log line. */
bool journal_folder_mark_open(journal_folder_t *self);

/* Everything is on disk. */
void journal_folder_mark_closed(journal_folder_t *self);

/* For openat and the like. */
int journal_folder_fd(const journal_folder_t *self);

/* Keeps a copy of the damaged part of a segment; or renames the whole of it, so that it no longer counts as one (removes it where
 * JOURNAL_BAD_MAX files are kept already). False, with a log line, when that fails. */
bool journal_folder_keep(journal_folder_t *self, uint64_t number, text_t damaged);
bool journal_folder_set_aside(journal_folder_t *self, uint64_t number);

/* Moves these segments, which are all, into epoch-<epoch>/, the newest last, so that a crash in between leaves the reason in place.
 * Folders of earlier epochs are removed then. False with a log line. */
bool journal_folder_give_up_epoch(journal_folder_t *self, uint64_t epoch, const uint64_t *numbers, size_t count);

void journal_folder_close(journal_folder_t **self);
