#include "tests/simulator/player.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    RATE_LIMIT = 10000000,
    PIECE_AT_A_RATE = 4096,
    PIECE_AS_FAST_AS_TAKEN = 256, /* some 48 KiB of frames: made and sent while they are in the cache */
};

bool player_rate_parse(const char *text, double *rate)
{
    char *end;
    if (strcmp(text, "max") == 0) {
        *rate = INFINITY;
        return true;
    }
    *rate = strtod(text, &end);
    return end != text && *end == '\0' && *rate > 0 && *rate <= RATE_LIMIT;
}

player_t player_new(double rate)
{
    return (player_t){.rate = rate, .remaining = PLAYER_ENDLESS};
}

static void player_start_counting(player_t *self, int64_t now_ns)
{
    self->since_ns = now_ns;
    self->made = 0;
}

void player_play(player_t *self, uint64_t count, int64_t now_ns)
{
    if (!self->playing)
        player_start_counting(self, now_ns);
    self->remaining = count;
    self->playing = count > 0;
}

void player_pause(player_t *self)
{
    self->playing = false;
}

void player_set_rate(player_t *self, double rate, int64_t now_ns)
{
    self->rate = rate;
    player_start_counting(self, now_ns);
}

uint64_t player_due(const player_t *self, int64_t now_ns)
{
    if (!self->playing)
        return 0;
    uint64_t due = PIECE_AS_FAST_AS_TAKEN;
    if (!isinf(self->rate)) {
        const uint64_t expected = (uint64_t)((double)(now_ns - self->since_ns) * 1e-9 * self->rate);
        due = expected > self->made ? expected - self->made : 0;
        if (due > PIECE_AT_A_RATE)
            due = PIECE_AT_A_RATE;
    }
    return due < self->remaining ? due : self->remaining;
}

void player_made(player_t *self)
{
    self->made++;
    if (self->remaining != PLAYER_ENDLESS && --self->remaining == 0)
        self->playing = false;
}
