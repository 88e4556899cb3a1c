#include "tests/simulator/market/market.h"

#include <stdlib.h>

#include "tests/simulator/market/exact.h"

enum { INLINE_BYTES = 46, FIRST_CAPACITY = 16, PLAIN_BYTES = 2 * EXACT_TEXT_MAX + 4 };

/* A trade in 64 bytes; its id is its place. */
typedef struct {
    int64_t time_ns;
    char *long_text; /* price and qty, one after the other, where they do not fit in here; else NULL */
    uint8_t price_length, qty_length;
    char text[INLINE_BYTES - 2];
    bool sold, lost;
} sim_record_t;

/* A symbol's trades: a ring, its capacity a power of two. */
typedef struct {
    sim_record_t *records;
    size_t capacity;
    uint64_t oldest, next; /* ids */
    int64_t last_ns;
    uint64_t to_lose;
    bool begun;
} sim_series_t;

struct sim_market {
    const symbols_t *symbols;
    sim_series_t *series;
    uint16_t *order; /* the symbols of the trades that are kept: a ring, so that the oldest of all can go */
    uint64_t kept_from, kept_to;
    uint64_t first_id, to_lose;
    int64_t newest_ns;
    bool honest;
};

sim_market_t *market_new(const symbols_t *symbols, uint64_t first_id)
{
    sim_market_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->symbols = symbols;
    self->first_id = first_id;
    self->honest = true;
    self->series = calloc(symbols->count, sizeof *self->series);
    self->order = calloc(MARKET_TRADES_KEPT, sizeof *self->order);
    if (!self->series || !self->order) {
        market_destroy(&self);
        return NULL;
    }
    for (size_t i = 0; i < symbols->count; i++)
        self->series[i].oldest = self->series[i].next = first_id;
    return self;
}

static sim_record_t *record_at(const sim_series_t *self, uint64_t id)
{
    return &self->records[id & (self->capacity - 1)];
}

static void forget_oldest(sim_series_t *self)
{
    free(record_at(self, self->oldest)->long_text);
    record_at(self, self->oldest++)->long_text = NULL;
}

void market_destroy(sim_market_t **self)
{
    if (!*self)
        return;
    for (size_t i = 0; (*self)->series && i < (*self)->symbols->count; i++) {
        while ((*self)->series[i].oldest < (*self)->series[i].next)
            forget_oldest(&(*self)->series[i]);
        free((*self)->series[i].records);
    }
    free((*self)->series);
    free((*self)->order);
    free(*self);
    *self = NULL;
}

/* --- remembering ------------------------------------------------------------------------------------------------- */

static bool series_grow(sim_series_t *self)
{
    const size_t capacity = self->capacity ? 2 * self->capacity : FIRST_CAPACITY;
    sim_record_t *records = calloc(capacity, sizeof *records);
    if (!records)
        return false;
    for (uint64_t id = self->oldest; id < self->next; id++)
        records[id & (capacity - 1)] = *record_at(self, id);
    free(self->records);
    self->records = records;
    self->capacity = capacity;
    return true;
}

static bool record_write(sim_record_t *self, const sim_view_t *view, bool lost)
{
    *self = (sim_record_t){.time_ns = view->time_ns,
                           .price_length = (uint8_t)view->price.length,
                           .qty_length = (uint8_t)view->qty.length,
                           .sold = view->sold,
                           .lost = lost};
    const size_t length = view->price.length + view->qty.length;
    char *text = self->text;
    if (length > sizeof self->text && !(text = self->long_text = malloc(length)))
        return false;
    memcpy(text, view->price.text, view->price.length);
    memcpy(text + view->price.length, view->qty.text, view->qty.length);
    return true;
}

static void make_room(sim_market_t *self)
{
    if (self->kept_to - self->kept_from == MARKET_TRADES_KEPT)
        forget_oldest(&self->series[self->order[self->kept_from++ % MARKET_TRADES_KEPT]]);
}

static bool remember(sim_market_t *self, size_t symbol, const sim_view_t *view, bool lost)
{
    sim_series_t *series = &self->series[symbol];
    make_room(self);
    if (series->next - series->oldest == series->capacity && !series_grow(series))
        return false;
    if (!record_write(record_at(series, series->next), view, lost))
        return false;
    self->order[self->kept_to++ % MARKET_TRADES_KEPT] = (uint16_t)symbol;
    series->next++;
    series->begun = true;
    series->last_ns = view->time_ns;
    if (view->time_ns > self->newest_ns)
        self->newest_ns = view->time_ns;
    return true;
}

/* What has an exponent is printed without. */
static const char *plain(char *buffer, size_t capacity, sim_piece_t number)
{
    text_writer_t out = writer_on(buffer, capacity);
    sim_exact_t value;
    if (memchr(number.text, 'E', number.length) && exact_read(&value, number.text, number.length))
        exact_write(&out, &value, 0);
    else
        view_piece(&out, number);
    return writer_string(&out);
}

/* Prints the trade again, with what has been decided about it. */
static void trade_reprint(sim_trade_t *trade, const char *symbol, const sim_view_t *view)
{
    char timestamp_text[32], id_text[24], qty[PLAIN_BYTES], price[PLAIN_BYTES], copy[TRADE_TEXT_BYTES];
    text_writer_t timestamp = writer_on(timestamp_text, sizeof timestamp_text), id = writer_on(id_text, sizeof id_text);
    text_writer_t text = writer_on(copy, sizeof copy);
    writer_timestamp(&timestamp, view->time_ns);
    writer_unsigned(&id, view->id);
    trade_write(&text, &(trade_fields_t){.symbol = symbol,
                                         .timestamp = writer_string(&timestamp),
                                         .side = view->sold ? "sell" : "buy",
                                         .qty = plain(qty, sizeof qty, view->qty),
                                         .price = plain(price, sizeof price, view->price),
                                         .trade_id = writer_string(&id)});
    trade->length = writer_length(&text);
    memcpy(trade->text, copy, trade->length);
}

bool market_number(sim_market_t *self, sim_trade_t *trade, int64_t now_ns, bool lost)
{
    sim_view_t view;
    sim_series_t *series = &self->series[trade->symbol];
    if (!view_read(&view, trade->text, trade->length))
        return false;
    view.id = series->next;
    if (now_ns > 0)
        view.time_ns = now_ns;
    if (view.time_ns < series->last_ns)
        view.time_ns = series->last_ns;
    trade_reprint(trade, self->symbols->names[trade->symbol], &view);
    const int64_t time_ns = view.time_ns;
    if (!view_read(&view, trade->text, trade->length))
        return false;
    view.time_ns = time_ns;
    return remember(self, trade->symbol, &view, lost);
}

void market_restore(sim_market_t *self, const char *members, size_t length, bool lost)
{
    sim_view_t view;
    char name[SYMBOL_BYTES] = "";
    if (!view_read(&view, members, length) || view.id == 0 || view.symbol.length >= sizeof name)
        return;
    memcpy(name, view.symbol.text, view.symbol.length);
    const size_t symbol = symbols_find(self->symbols, name);
    if (symbol == SYMBOL_NONE)
        return;
    sim_series_t *series = &self->series[symbol];
    if (!series->begun)
        series->oldest = series->next = view.id;
    if (view.id == series->next)
        remember(self, symbol, &view, lost);
}

/* --- what is remembered ------------------------------------------------------------------------------------------ */

uint64_t market_last(const sim_market_t *self, size_t symbol)
{
    return self->series[symbol].begun ? self->series[symbol].next - 1 : 0;
}

uint64_t market_oldest(const sim_market_t *self, size_t symbol)
{
    return self->series[symbol].begun ? self->series[symbol].oldest : 1;
}

sim_view_t market_view(const sim_market_t *self, size_t symbol, uint64_t id)
{
    const sim_record_t *record = record_at(&self->series[symbol], id);
    const char *text = record->long_text ? record->long_text : record->text, *name = self->symbols->names[symbol];
    return (sim_view_t){.symbol = {name, strlen(name)},
                        .price = {text, record->price_length},
                        .qty = {text + record->price_length, record->qty_length},
                        .time_ns = record->time_ns,
                        .id = id,
                        .sold = record->sold};
}

bool market_lost(const sim_market_t *self, size_t symbol, uint64_t id)
{
    return record_at(&self->series[symbol], id)->lost;
}

uint64_t market_after(const sim_market_t *self, size_t symbol, int64_t time_ns)
{
    const sim_series_t *series = &self->series[symbol];
    uint64_t low = market_oldest(self, symbol), high = market_last(self, symbol) + 1;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (record_at(series, middle)->time_ns > time_ns)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

uint64_t market_newest_told(const sim_market_t *self, size_t symbol, uint64_t id)
{
    const uint64_t oldest = market_oldest(self, symbol), last = market_last(self, symbol);
    for (id = id < last ? id : last; id >= oldest; id--)
        if (!market_lost(self, symbol, id))
            return id;
    return 0;
}

int64_t market_time(const sim_market_t *self)
{
    return self->newest_ns;
}

const symbols_t *market_symbols(const sim_market_t *self)
{
    return self->symbols;
}

/* --- trades to be lost ------------------------------------------------------------------------------------------- */

void market_lose(sim_market_t *self, size_t symbol, uint64_t n)
{
    if (symbol == SYMBOL_NONE)
        self->to_lose = n;
    else
        self->series[symbol].to_lose = n;
}

bool market_take_loss(sim_market_t *self, size_t symbol)
{
    uint64_t *left = self->series[symbol].to_lose > 0 ? &self->series[symbol].to_lose : &self->to_lose;
    return *left > 0 && (*left)--;
}

bool market_candles_count_lost(const sim_market_t *self)
{
    return self->honest;
}

void market_set_candles_count_lost(sim_market_t *self, bool count)
{
    self->honest = count;
}
