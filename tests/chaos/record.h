/* What all clients together have seen of the streams: a fingerprint of each trade, so that two clients, or a client and the journal,
 * can be held against each other without keeping the trades.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECORD_SYMBOLS_MAX = 16, RECORD_SYMBOL_MAX = 32 };

typedef struct {
    char symbol[RECORD_SYMBOL_MAX];
    uint64_t epoch;         /* of the first trade seen; a stream must stay in it */
    uint32_t *fingerprints; /* by seq; 0: not seen. Owned */
    size_t capacity;
    uint64_t differing; /* trades that came with another text than to the client before */
} record_stream_t;

typedef struct {
    record_stream_t streams[RECORD_SYMBOLS_MAX];
    size_t count;
} storm_record_t;

/* A trade in its canonical text: where it belongs. */
typedef struct {
    uint64_t epoch, seq;
    const char *symbol;
    size_t symbol_length;
} record_place_t;

/* False when the text does not begin {"epoch":N,"seq":N, or names no symbol. The place points into the text. */
bool place_read(const char *json, size_t length, record_place_t *place);

/* `symbols`: A-B,C-D. False when there are too many, or one is too long. */
bool record_init(storm_record_t *self, const char *symbols);

/* The number of a symbol; -1 when it is not among them. */
int record_find(const storm_record_t *self, const char *symbol, size_t length);

/* A client has seen this trade. False when no memory is left for it. */
bool record_see(record_stream_t *self, const record_place_t *place, const char *json, size_t length);

typedef struct {
    uint64_t journaled, same, differing, unseen; /* unseen: no client has had it */
    uint64_t holes;                              /* places where the journal's own seqs don't count up by one */
    uint64_t first, last;
} record_verdict_t;

/* Holds the journal against what was seen. `path`: a file with replay's answers, one a line. False when it can't be read. */
bool record_judge(const storm_record_t *self, int stream, const char *path, record_verdict_t *verdict);

void record_release(storm_record_t *self);
