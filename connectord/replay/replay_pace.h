/* When what was recorded is due: at the recorded pace, faster or slower, or at once. */
#pragma once

#include <stdint.h>

typedef struct {
    double speed;          /* 1: as recorded; 2: twice as fast; 0: at once */
    int64_t frame_ns;      /* the recorded time of what was read last; 0 before the first of a lap */
    int64_t base_frame_ns; /* recorded time that was played at … */
    int64_t base_mono_ns;  /* … this time */
} replay_pace_t;

/* A lap begins, at whatever recorded time it begins with. */
void replay_pace_begin(replay_pace_t *self);

/* What was recorded at this time, ns since 1970, is next; without a time (0) it is due with what was before it. now_ns: as clock_mono_ns. */
void replay_pace_next(replay_pace_t *self, int64_t frame_ns, int64_t now_ns);

/* Milliseconds until it is due, an hour at most: then it is to be asked again. */
uint64_t replay_pace_wait_ms(const replay_pace_t *self, int64_t now_ns);
