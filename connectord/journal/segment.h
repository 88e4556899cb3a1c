/* One file of the journal, mapped into memory: a header, then records, then zeros.
 *
 *     | header 64 | record | record | … | record | 0 0 0 …          records begin at multiples of 8
 *
 *     record   | length u32 · crc u32 | stream u32 | kind u32 | seq u64 | payload, up to a multiple of 8 |
 *
 * The first 8 bytes of a record are written last and in one store: while they are zero there is no record, so a writer
 * killed at any moment leaves only whole records. Of several records written at once those of the first are written last,
 * since without them the others are not found. The CRC-32C is over the rest of the record. Numbers are in the machine's byte order; a file from a machine of the other order has no valid magic.
 */
#pragma once

#include "common/text.h"

enum {
    SEGMENT_VERSION = 1,
    SEGMENT_HEADER = 64,         /* bytes; the first record's offset */
    SEGMENT_PAYLOAD_MAX = 8192,  /* bytes of one record's payload */
    SEGMENT_BATCH_MAX = 16384,   /* bytes of records that are written at once */
    SEGMENT_BYTES_MIN = 1 << 16, /* of a whole segment */
    SEGMENT_BYTES_MAX = 1 << 26,
    SEGMENT_NAME_MAX = 32 /* of a file's name, with its NUL */
};

typedef struct segment segment_t;

typedef enum {
    SEGMENT_STREAM = 1, /* payload: a stream's topic; seq: its last one at the time */
    SEGMENT_TRADE = 2   /* payload: a trade's JSON */
} segment_kind_t;

typedef struct {
    segment_kind_t kind;
    uint32_t stream;
    uint64_t seq;
    text_t payload;
} segment_record_t;

/* "00000000000000000017.seg" */
void segment_name(char out[static SEGMENT_NAME_MAX], uint64_t number);

/* Creates a segment in the folder, with its disk space reserved, under a temporary name: it is part of the journal from segment_commit
 * on. position: bytes of records in all segments before it. NULL with errno when the system refuses. */
segment_t *segment_create(int folder, uint64_t number, uint64_t epoch, uint64_t position, uint32_t bytes);
bool segment_commit(segment_t *self, int folder);

/* The same in two steps: first what the system may refuse; then what can't fail. */
segment_t *segment_reserve(int folder, uint64_t number, uint32_t bytes);
void segment_begin(segment_t *self, uint64_t epoch, uint64_t position);

/* Turns a segment into another one, dropping its records, as if it had just been reserved: that takes neither space nor a descriptor. False with
 * errno, and unchanged. */
bool segment_recycle(segment_t *self, int folder, uint64_t number);

typedef enum {
    SEGMENT_OK,
    SEGMENT_FAILED, /* the system refuses: errno says why */
    SEGMENT_NEWER,  /* written by a newer version of this program */
    SEGMENT_GARBAGE /* its header is invalid */
} segment_result_t;

/* Maps an existing segment. *self is set for SEGMENT_OK only; it must be scanned (segment_record from SEGMENT_HEADER on) and settled
 * before anything is appended. */
segment_result_t segment_open(segment_t **self, int folder, uint64_t number);

/* It is about to be read completely. */
void segment_prefetch(const segment_t *self);

/* How far its records reach, before it has been read: their bytes, as the position of the next segment shows. */
void segment_presume(segment_t *self, uint64_t used);

/* The record at an offset, with all its checks. False if there is no valid one. *next is the offset after it. */
bool segment_record(const segment_t *self, uint32_t offset, segment_record_t *record, uint32_t *next);

typedef enum {
    SEGMENT_CLEAN,  /* nothing but zeros after the last record, or what a killed writer did not finish */
    SEGMENT_DAMAGED /* something else, or the file is shorter or longer than its header says */
} segment_rest_t;

/* Ends the valid records at an offset, and judges what follows. What a killed writer left is erased. */
segment_rest_t segment_settle(segment_t *self, uint32_t end);

/* What follows the last record, up to the last byte that is not zero. */
text_t segment_rest(const segment_t *self);

/* Makes it zeros. */
void segment_wipe_rest(segment_t *self);

/* The size of a record with this payload. */
uint32_t segment_record_bytes(size_t payload_length);

bool segment_has_room(const segment_t *self, size_t payload_length);

/* Free bytes for records. */
uint32_t segment_room(const segment_t *self);

/* Where the next record goes. */
uint32_t segment_end(const segment_t *self);

/* Composes a record at `out`, which is aligned to 8 bytes. Returns its bytes. Cost: a memcpy and a checksum. */
uint32_t segment_compose(char *out, segment_kind_t kind, uint32_t stream, uint64_t seq, text_t payload);

/* The record composed by segment_compose. Returns its bytes. */
uint32_t segment_composed(const char *at, segment_record_t *record);

/* Appends composed records, at most SEGMENT_BATCH_MAX bytes, for which there is room. Cost: a system call if there are many; else
 * a memcpy. */
void segment_write(segment_t *self, char *records, uint32_t bytes);

/* Composes a record, appends it, and returns its offset. */
uint32_t segment_append(segment_t *self, segment_kind_t kind, uint32_t stream, uint64_t seq, text_t payload);

/* The payload of the record at that offset. */
text_t segment_payload(const segment_t *self, uint32_t offset);

/* Was it opened from a copy of its original file (a backup, another machine's)? If the filesystem does not tell when a file was
 * created, as for segments of 0.1.0, it is not considered one. */
bool segment_is_copy(const segment_t *self);

uint64_t segment_number(const segment_t *self);
uint64_t segment_epoch(const segment_t *self);
uint64_t segment_position(const segment_t *self); /* as given to segment_create */
uint32_t segment_bytes(const segment_t *self);    /* of the whole file */
uint32_t segment_used(const segment_t *self);     /* bytes of records */

/* Writes it to the disk and waits for it. False with errno. */
bool segment_sync(segment_t *self);

/* Unmaps it; the file stays. */
void segment_close(segment_t **self);

/* Unmaps it, and removes the file. */
void segment_drop(segment_t **self, int folder);
