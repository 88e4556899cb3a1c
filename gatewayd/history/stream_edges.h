/* Where in a stream begins and ends what somebody may see (period.h), which history is asked for: times say what is in it, cursors where one reads on.
 *
 *     made   12:00:01  12:00:02 │ 12:00:09  12:00:03  12:00:10       of a period before 12:00:05
 *     seq        1         2    │     3         4         5          it ends with 2: 4 came late, and 3, which is ahead of it, is not in it
 */
#pragma once

#include "gatewayd/history/history_client.h"

typedef enum {
    EDGE_UNKNOWN, /* nobody could tell */
    EDGE_NONE,    /* history has no such record */
    EDGE_FOUND
} edge_t;

/* Asks history for the first record of a subject, of one source, that is later than after_ns. As history_ask. */
history_call_t *stream_start_ask(history_client_t *history, text_t subject, text_t source, int64_t after_ns, requester_fn *done,
                                 void *arg);

/* Reads the answer. *place: the record's. */
edge_t stream_start_read(text_t answer, cursor_t *place);

/* place: of EDGE_FOUND, of the last record that is before that time with all that are ahead of it in the stream. */
typedef void stream_end_fn(void *arg, edge_t found, cursor_t place);

/* The search for it; zeroed at first. */
typedef struct {
    history_call_t *call; /* under way; NULL: there is none */
    history_client_t *history;
    text_t subject, source;
    int64_t before_ns;
    cursor_t last;
    stream_end_fn *done;
    void *arg;
} stream_end_t;

/* Begins one: `done` is called later, once. False when nobody can be asked now. The texts stay until then. */
bool stream_end_find(stream_end_t *self, history_client_t *history, text_t subject, text_t source, int64_t before_ns,
                     stream_end_fn *done, void *arg);

/* `done` is not called then. */
void stream_end_cancel(stream_end_t *self);
