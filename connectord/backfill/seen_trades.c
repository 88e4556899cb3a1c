#include "connectord/backfill/seen_trades.h"

#include <stdlib.h>

enum { PLACES_MIN = 16, NUMBER_DIGITS = 20 };

bool seen_trades_init(seen_trades_t *self, size_t window, bool counted)
{
    *self = (seen_trades_t){.others = dedup_new(window)};
    for (size_t places = PLACES_MIN; counted && window > 0 && self->most_places < window; places *= 2)
        self->most_places = places;
    return self->others != NULL;
}

void seen_trades_release(seen_trades_t *self)
{
    free(self->prints);
    dedup_destroy(&self->others);
    *self = (seen_trades_t){0};
}

static uint64_t *place_of(const seen_trades_t *self, uint64_t number)
{
    return &self->prints[number & (self->places - 1)];
}

static bool has_place(const seen_trades_t *self, uint64_t number)
{
    return number >= self->low && number < self->next;
}

/* 0 says that there is none. */
static uint64_t kept_print(uint64_t fingerprint)
{
    return fingerprint != 0 ? fingerprint : 1;
}

static void add_other(seen_trades_t *self, const seen_trade_t *trade, int64_t time_ns)
{
    self->others_came = true;
    dedup_add(self->others, trade->id, trade->fingerprint, time_ns);
}

/* More places, for numbers up to this one; as many as there may be, or as memory allows. */
static void widen(seen_trades_t *self, uint64_t number)
{
    size_t places = self->places > 0 ? self->places : PLACES_MIN;
    while (places < self->most_places && number - self->low >= places)
        places *= 2;
    uint64_t *prints = places > self->places ? calloc(places, sizeof *prints) : NULL;
    if (!prints)
        return;
    for (uint64_t n = self->low; n < self->next; n++)
        prints[n & (places - 1)] = *place_of(self, n);
    free(self->prints);
    self->prints = prints;
    self->places = places;
}

/* Numbers up to this one, which is not too far, have places now; the lowest ones lose theirs. */
static bool reach(seen_trades_t *self, uint64_t number)
{
    if (number - self->low >= self->places)
        widen(self, number);
    if (self->places == 0)
        return false;
    for (; self->next <= number; self->next++)
        *place_of(self, self->next) = 0;
    if (self->next - self->low > self->places)
        self->low = self->next - self->places;
    return true;
}

void seen_trades_restart(seen_trades_t *self, uint64_t number)
{
    char id[NUMBER_DIGITS] = "";
    for (; self->low < self->next; self->low++) {
        uint64_t print = *place_of(self, self->low);
        if (print != 0)
            add_other(self, &(seen_trade_t){.id = {id, text_from_u64(id, self->low)}, .fingerprint = print}, 0);
    }
    self->low = self->next = number;
    self->astray = 0;
}

/* Is it too far ahead? Not if it follows one that was. */
static bool strays(seen_trades_t *self, uint64_t number)
{
    if (number - self->next < self->most_places)
        return false;
    bool again = self->astray != 0 && number == self->astray + 1;
    self->astray = number;
    if (again)
        seen_trades_restart(self, number);
    return !again;
}

/* Has the number a place, or can it have one? */
static bool find_place(seen_trades_t *self, uint64_t number)
{
    if (number == 0 || self->most_places == 0)
        return false;
    if (self->next == 0)
        self->low = self->next = number;
    if (number < self->next)
        return number >= self->low;
    return !strays(self, number) && reach(self, number);
}

void seen_trades_expect(seen_trades_t *self, text_t id, uint64_t number)
{
    if (number != 0 && self->places > 0)
        __builtin_prefetch(place_of(self, number), 1);
    else
        dedup_expect(self->others, id);
}

dedup_verdict_t seen_trades_look(seen_trades_t *self, const seen_trade_t *trade)
{
    uint64_t print = has_place(self, trade->number) ? *place_of(self, trade->number) : 0;
    if (print == kept_print(trade->fingerprint))
        return DEDUP_SEEN;
    dedup_verdict_t other =
        trade->number == 0 || self->others_came ? dedup_look(self->others, trade->id, trade->fingerprint) : DEDUP_NEW;
    return other == DEDUP_NEW && print != 0 ? DEDUP_CONFLICT : other;
}

void seen_trades_add(seen_trades_t *self, const seen_trade_t *trade, int64_t time_ns)
{
    if (find_place(self, trade->number) && *place_of(self, trade->number) == 0)
        *place_of(self, trade->number) = kept_print(trade->fingerprint);
    else
        add_other(self, trade, time_ns);
}

void seen_trades_keep(seen_trades_t *self, int64_t since_ns)
{
    dedup_keep(self->others, since_ns);
}
