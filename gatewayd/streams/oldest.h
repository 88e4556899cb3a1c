#pragma once

#include "gatewayd/auth/period.h"
#include "proto/cursor.h"

/* The oldest record of a stream that can still be had by `since`, as history or a journal said. */
typedef struct {
    int64_t asked_ns; /* when they were asked last; 0: never */
    bool asking;      /* somebody waits for the answer */
    bool known;
    cursor_t cursor;
    int64_t time_ns;
    int64_t until_ns; /* when it is likely to go; 0: nobody knows */
} oldest_t;

/* {"cursor":…,"time":…,"until":…}, of one that is known. `until` is null for whom not all is visible yet: it is reckoned with the newest, too. */
void oldest_put(const oldest_t *self, period_t visible, json_writer_t *json);
