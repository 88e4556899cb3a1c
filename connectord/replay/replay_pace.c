#include "connectord/replay/replay_pace.h"

#include "common/clock.h"

#include <math.h>

enum { WAIT_MAX_MS = 3600000 };

/* A recorded pause that is longer is where two recordings were joined, and is not waited for. */
#define SEAM_NS (3600 * NS_PER_S)

void replay_pace_begin(replay_pace_t *self)
{
    self->frame_ns = 0;
}

void replay_pace_next(replay_pace_t *self, int64_t frame_ns, int64_t now_ns)
{
    if (frame_ns == 0)
        frame_ns = self->frame_ns;
    if (self->frame_ns == 0 || frame_ns - self->frame_ns > SEAM_NS) {
        self->base_frame_ns = frame_ns;
        self->base_mono_ns = now_ns;
    }
    self->frame_ns = frame_ns;
}

uint64_t replay_pace_wait_ms(const replay_pace_t *self, int64_t now_ns)
{
    if (self->speed <= 0)
        return 0;
    double recorded_ns = (double)(self->frame_ns - self->base_frame_ns);
    double passed_ns = (double)(now_ns - self->base_mono_ns);
    double left_ms = (recorded_ns / self->speed - passed_ns) / (double)NS_PER_MS;
    return left_ms > 0 ? (uint64_t)ceil(fmin(left_ms, WAIT_MAX_MS)) : 0;
}
