#include "tests/simulator/market/page.h"

void page_fill_from(sim_page_t *self, const sim_market_t *market, size_t symbol, uint64_t id, size_t most)
{
    const uint64_t oldest = market_oldest(market, symbol), last = market_last(market, symbol);
    self->count = 0;
    for (id = id > oldest ? id : oldest; id <= last && self->count < most; id++)
        if (!market_lost(market, symbol, id))
            self->trades[self->count++] = market_view(market, symbol, id);
}

void page_fill_below(sim_page_t *self, const sim_market_t *market, size_t symbol, uint64_t id, size_t most)
{
    self->count = 0;
    while (id > 0 && self->count < most && (id = market_newest_told(market, symbol, id - 1)) > 0)
        self->trades[self->count++] = market_view(market, symbol, id);
}

static void shuffle(sim_page_t *self, random_t *random)
{
    for (size_t i = self->count - 1; i > 0; i--) {
        const size_t j = random_below(random, i + 1);
        const sim_view_t trade = self->trades[i];
        self->trades[i] = self->trades[j];
        self->trades[j] = trade;
    }
    if (self->count > 1 && self->trades[0].id < self->trades[1].id) { /* a page has both orders wrong somewhere */
        const sim_view_t first = self->trades[0];
        self->trades[0] = self->trades[1];
        self->trades[1] = first;
    }
}

static void leave_out(sim_page_t *self, size_t i)
{
    self->count--;
    memmove(&self->trades[i], &self->trades[i + 1], (self->count - i) * sizeof self->trades[0]);
}

/* Another last digit. */
static void contradict(sim_page_t *self, sim_view_t *trade)
{
    size_t length = trade->price.length < sizeof self->changed ? trade->price.length : sizeof self->changed;
    memcpy(self->changed, trade->price.text, length);
    char *last = &self->changed[length - 1];
    *last = *last == '9' ? '8' : (char)(*last + 1);
    trade->price = (sim_piece_t){self->changed, length};
}

void page_spoil(sim_page_t *self, rest_fault_kind_t fault, random_t *random)
{
    if (fault == REST_SHUFFLE)
        shuffle(self, random);
    else if (fault == REST_MISSING)
        leave_out(self, self->count / 2);
    else if (fault == REST_CONTRADICT)
        contradict(self, &self->trades[self->count / 2]);
}
