#include "cached/candles/candle.h"

#include <assert.h>

#include "common/json/json_write.h"
#include "common/numbers/decimal.h"
#include "common/timestamp.h"

static int place_compare(const candle_place_t *a, const candle_place_t *b)
{
    if (a->timestamp_ns != b->timestamp_ns)
        return a->timestamp_ns < b->timestamp_ns ? -1 : 1;
    return cursor_compare(a->cursor, b->cursor);
}

/* Of equal values: the shorter text, then the order of bytes. Negative: a is to be preferred. */
static int writing_compare(text_t a, text_t b)
{
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return memcmp(a.at, b.at, a.length);
}

typedef enum { HIGHEST = 1, LOWEST = -1 } extreme_t;

static bool widen(price_t *held, text_t price, extreme_t extreme)
{
    text_t old = price_text(held);
    if (text_equal(old, price))
        return true;
    int order = decimal_compare(price, old) * (int)extreme;
    if (order < 0 || (order == 0 && writing_compare(price, old) > 0))
        return true;
    return price_set(held, price);
}

static bool begin(candle_t *self, candle_place_t place, text_t price)
{
    self->first = self->last = place;
    return price_set(&self->open, price) && price_set(&self->high, price) && price_set(&self->low, price) &&
           price_set(&self->close, price);
}

static bool go_on(candle_t *self, candle_place_t place, text_t price)
{
    bool ok = widen(&self->high, price, HIGHEST) && widen(&self->low, price, LOWEST);
    if (place_compare(&place, &self->first) < 0) {
        self->first = place;
        ok = price_set(&self->open, price) && ok;
    }
    if (place_compare(&place, &self->last) > 0) {
        self->last = place;
        ok = price_set(&self->close, price) && ok;
    }
    return ok;
}

bool candle_add(candle_t *self, candle_place_t place, text_t price, text_t qty)
{
    exact_t rate = {0}, amount = {0}, product = {0};
    bool ok = self->count == 0 ? begin(self, place, price) : go_on(self, place, price);
    exact_set(&rate, price);
    exact_set(&amount, qty);
    exact_multiply(&product, &rate, &amount);
    exact_add(&self->volume, &amount);
    exact_add(&self->turnover, &product);
    self->count++;
    exact_release(&rate);
    exact_release(&amount);
    exact_release(&product);
    return ok;
}

static bool copy_prices(candle_t *self, const candle_t *other)
{
    return price_set(&self->open, price_text(&other->open)) && price_set(&self->high, price_text(&other->high)) &&
           price_set(&self->low, price_text(&other->low)) && price_set(&self->close, price_text(&other->close));
}

/* opens, closes: is the other's first trade before this one's first, is its last one behind this one's last? */
static bool combine(candle_t *self, const candle_t *other, bool opens, bool closes)
{
    bool ok = true;
    if (other->count == 0)
        return true;
    if (self->count == 0) {
        opens = closes = true;
        ok = copy_prices(self, other);
    } else {
        ok = widen(&self->high, price_text(&other->high), HIGHEST) && widen(&self->low, price_text(&other->low), LOWEST) &&
             (!opens || price_set(&self->open, price_text(&other->open))) &&
             (!closes || price_set(&self->close, price_text(&other->close)));
    }
    if (opens)
        self->first = other->first;
    if (closes)
        self->last = other->last;
    self->count += other->count;
    exact_add(&self->volume, &other->volume);
    exact_add(&self->turnover, &other->turnover);
    return ok;
}

bool candle_merge(candle_t *self, const candle_t *other)
{
    return combine(self, other, place_compare(&other->first, &self->first) < 0, place_compare(&other->last, &self->last) > 0);
}

bool candle_join(candle_t *self, const candle_t *other)
{
    return combine(self, other, other->first.timestamp_ns < self->first.timestamp_ns,
                   other->last.timestamp_ns >= self->last.timestamp_ns);
}

void candle_print(const candle_t *self, json_writer_t *json)
{
    assert(self->count > 0);
    json_open_object(json, NULL);
    json_put_time(json, "start", self->start_ns, 0);
    json_put_raw(json, "open", price_text(&self->open));
    json_put_raw(json, "high", price_text(&self->high));
    json_put_raw(json, "low", price_text(&self->low));
    json_put_raw(json, "close", price_text(&self->close));
    json_put_name(json, TEXT("volume"));
    exact_print(&self->volume, json->out);
    json_put_u64(json, "count", self->count);
    json_put_name(json, TEXT("vwap"));
    if (exact_is_zero(&self->volume))
        json_put_null(json, NULL);
    else
        exact_print_quotient(&self->turnover, &self->volume, json->out);
}

void candle_release(candle_t *self)
{
    price_release(&self->open);
    price_release(&self->high);
    price_release(&self->low);
    price_release(&self->close);
    exact_release(&self->volume);
    exact_release(&self->turnover);
    *self = (candle_t){0};
}
