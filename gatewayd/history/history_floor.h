/* Where in a stream that begins and ends which a role may see: its first record that is not too old, and its last one that is not too new. Times say what
 * is, cursors where one reads on. */
#pragma once

#include "common/json/json_write.h"
#include "gatewayd/history/history_client.h"

/* Puts ,"after":"…": only what is newer is asked for. 0: all. */
void history_floor_put(json_writer_t *json, int64_t oldest_ns);

/* Asks history for the first record of a subject, of one source, that is newer than oldest_ns. As history_ask. */
history_call_t *history_floor_ask(history_client_t *history, text_t subject, text_t source, int64_t oldest_ns,
                                  requester_fn *done, void *arg);

/* The same for its last record that is older than newest_ns. */
history_call_t *history_ceiling_ask(history_client_t *history, text_t subject, text_t source, int64_t newest_ns,
                                    requester_fn *done, void *arg);

typedef enum {
    HISTORY_FLOOR_UNKNOWN, /* nobody could tell */
    HISTORY_FLOOR_NONE,    /* all that history has is too old, or too new */
    HISTORY_FLOOR_FOUND
} history_floor_t;

/* Reads the answer to either. *place: the record's. */
history_floor_t history_floor_read(text_t answer, cursor_t *place);
