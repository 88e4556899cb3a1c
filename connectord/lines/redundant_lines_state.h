/* The inside of a source's lines (redundant_lines.h), for the files that make it up. */
#pragma once

#include "common/log.h"
#include "connectord/lines/redundant_lines_events.h"
#include "connectord/lines/rotation.h"
#include "connectord/recording/recorder.h"

_Static_assert((int)LINES_MAX <= (int)RECORDED_LINES_MAX, "each line can be recorded");

typedef enum {
    LINE_MAKING, /* nothing is known of it: at the start, and while a rotation reconnects it */
    LINE_UP,
    LINE_DOWN
} line_state_t;

typedef struct {
    redundant_lines_t *lines;
    source_t *source;
    line_state_t state;
    int64_t up_ns; /* since when it has been up (clock_mono_ns) */
} redundant_line_t;

struct redundant_lines {
    source_config_t config;
    const redundant_lines_events_t *events;
    void *arg;
    redundant_line_t lines[LINES_MAX];
    size_t count, up;
    bool told_lost;                  /* and nothing since */
    int64_t heard_ns;                /* when a line received a message */
    int64_t since_ns;                /* since when the source has been connected, or not */
    const redundant_line_t *telling; /* the one whose gap is being told */
    const redundant_line_t *lost;    /* the one that was lost last */
    buffer_t failing;                /* of the status that was made last */
    recorder_t *recorder;
    rotation_t *rotation;
    log_limit_t lag_limit;
};

/* --- line_reports.c --- */

/* The source as a whole came, went, or has something to tell; the line is up, or no longer. */
void redundant_lines_tell(redundant_lines_t *self, status_event_t event);
void redundant_lines_tell_line(const redundant_lines_t *self, const redundant_line_t *line);

/* What a line's source calls; its arg is the redundant_line_t. */
extern const source_events_t redundant_lines_source_events;
