#include "tests/bench/schedule.h"

#include <stdlib.h>

enum { ROUND = 1 << 16 }; /* about as many places a power law's round has */

typedef struct {
    unsigned symbol, rank; /* rank: how many of the symbol come before it in the round */
} place_t;

typedef struct {
    unsigned count, first; /* how many places it has, and where they begin in `places_of` */
} lot_t;

struct schedule {
    unsigned symbols, round;
    lot_t *lots;         /* a symbol each */
    place_t *places;     /* of the round */
    unsigned *places_of; /* those of the first symbol, those of the second … */
};

static void cast_lots(schedule_t *self, bool power_law)
{
    double sum = 0;
    for (unsigned i = 0; i < self->symbols; i++)
        sum += 1.0 / (i + 1);
    for (unsigned i = 0; i < self->symbols; i++) {
        unsigned count = power_law ? (unsigned)(ROUND / sum / (i + 1)) : 1;
        self->lots[i] = (lot_t){.count = count > 0 ? count : 1, .first = self->round};
        self->round += self->lots[i].count;
    }
}

static void shuffle(place_t *places, unsigned count)
{
    uint32_t random = 2463534242;
    for (unsigned i = count - 1; i > 0; i--) {
        random ^= random << 13; /* xorshift */
        random ^= random >> 17;
        random ^= random << 5;
        unsigned other = (unsigned)(((uint64_t)random * (i + 1)) >> 32);
        place_t swapped = places[i];
        places[i] = places[other];
        places[other] = swapped;
    }
}

static void fill(schedule_t *self)
{
    for (unsigned i = 0, at = 0; i < self->symbols; i++)
        for (unsigned j = 0; j < self->lots[i].count; j++)
            self->places[at++].symbol = i;
}

static void rank(schedule_t *self)
{
    unsigned *seen = calloc(self->symbols, sizeof *seen);
    for (unsigned i = 0; seen && i < self->round; i++) {
        place_t *place = &self->places[i];
        place->rank = seen[place->symbol]++;
        self->places_of[self->lots[place->symbol].first + place->rank] = i;
    }
    if (!seen)
        self->round = 0;
    free(seen);
}

schedule_t *schedule_new(unsigned symbols, bool power_law)
{
    schedule_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->symbols = symbols;
    self->lots = calloc(symbols, sizeof *self->lots);
    if (self->lots)
        cast_lots(self, power_law);
    self->places = calloc(self->round + 1, sizeof *self->places);
    self->places_of = calloc(self->round + 1, sizeof *self->places_of);
    if (self->round > 0 && self->places && self->places_of) {
        fill(self);
        if (power_law)
            shuffle(self->places, self->round);
        rank(self);
    }
    if (self->round == 0 || !self->places || !self->places_of)
        schedule_destroy(&self);
    return self;
}

void schedule_destroy(schedule_t **self_ref)
{
    schedule_t *self = *self_ref;
    if (!self)
        return;
    free(self->lots);
    free(self->places);
    free(self->places_of);
    free(self);
    *self_ref = NULL;
}

bool schedule_is_even(const schedule_t *self)
{
    return self->round == self->symbols;
}

unsigned schedule_symbol(const schedule_t *self, uint64_t number)
{
    return self->places[number % self->round].symbol;
}

uint64_t schedule_seq(const schedule_t *self, uint64_t number)
{
    place_t place = self->places[number % self->round];
    return number / self->round * self->lots[place.symbol].count + place.rank + 1;
}

uint64_t schedule_number(const schedule_t *self, unsigned symbol, uint64_t seq)
{
    lot_t lot = self->lots[symbol];
    return (seq - 1) / lot.count * self->round + self->places_of[lot.first + (seq - 1) % lot.count];
}
