/* When trades are made: playing or paused, at what rate, and for how many more. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PLAYER_ENDLESS UINT64_MAX

typedef struct {
    double rate; /* trades a second; INFINITY: as fast as the connections take them */
    bool playing;
    uint64_t remaining; /* trades until it pauses by itself, or PLAYER_ENDLESS */
    int64_t since_ns;   /* monotonic; made counts from here */
    uint64_t made;
} player_t;

/* A rate from text: what it is, or false. */
#define PLAYER_RATE_EXPECTED "a number above 0 and at most 10000000, or max"
bool player_rate_parse(const char *text, double *rate);

/* Paused. */
player_t player_new(double rate);

/* count: how many trades from now on, or PLAYER_ENDLESS. */
void player_play(player_t *self, uint64_t count, int64_t now_ns);
void player_pause(player_t *self);
void player_set_rate(player_t *self, double rate, int64_t now_ns);

/* How many trades to make at this moment. What is due is worked off in pieces, so that a rate beyond the machine's leaves time
 * for everything else; nothing is forgiven, so that the rate holds in the long run. */
uint64_t player_due(const player_t *self, int64_t now_ns);

/* One trade was made. */
void player_made(player_t *self);
