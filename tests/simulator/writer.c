#include "tests/simulator/writer.h"

#include "tests/simulator/clock.h"

enum { DIGITS_MAX = 20 };

void writer_fill(text_writer_t *self, char byte, size_t count)
{
    assert(count <= (size_t)(self->end - self->at));
    memset(self->at, byte, count);
    self->at += count;
}

void writer_unsigned(text_writer_t *self, uint64_t value)
{
    char digits[DIGITS_MAX];
    char *first = digits + DIGITS_MAX;
    do
        *--first = (char)('0' + value % 10);
    while (value /= 10);
    writer_bytes(self, first, (size_t)(digits + DIGITS_MAX - first));
}

/* Exactly `count` digits, with leading zeros. */
static void put_padded(text_writer_t *self, uint64_t value, unsigned count)
{
    char digits[DIGITS_MAX];
    assert(count <= DIGITS_MAX);
    for (unsigned i = count; i-- > 0; value /= 10)
        digits[i] = (char)('0' + value % 10);
    writer_bytes(self, digits, count);
}

static uint64_t power_of_ten(unsigned exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

void writer_fixed(text_writer_t *self, uint64_t units, unsigned decimals)
{
    const uint64_t one = power_of_ten(decimals);
    writer_unsigned(self, units / one);
    if (decimals > 0) {
        writer_bytes(self, ".", 1);
        put_padded(self, units % one, decimals);
    }
}

/* d.dddE-n, for units below one thousandth. */
static void writer_scientific(text_writer_t *self, uint64_t units, unsigned decimals)
{
    while (units % 10 == 0) {
        units /= 10;
        decimals--;
    }
    unsigned digits = 1;
    while (units / power_of_ten(digits) > 0)
        digits++;
    if (digits == 1)
        writer_fixed(self, units * 10, 1);
    else
        writer_fixed(self, units, digits - 1);
    writer_text(self, "E-");
    writer_unsigned(self, decimals - (digits - 1));
}

void writer_shortest(text_writer_t *self, uint64_t units, unsigned decimals)
{
    if (units > 0 && decimals > 3 && units < power_of_ten(decimals - 3)) {
        writer_scientific(self, units, decimals);
        return;
    }
    while (decimals > 1 && units % 10 == 0) {
        units /= 10;
        decimals--;
    }
    writer_fixed(self, units, decimals);
}

void writer_trimmed(text_writer_t *self, uint64_t units, unsigned decimals)
{
    while (decimals > 0 && units % 10 == 0) {
        units /= 10;
        decimals--;
    }
    writer_fixed(self, units, decimals);
}

void writer_quoted(text_writer_t *self, const char *text, size_t most)
{
    writer_bytes(self, "\"", 1);
    for (size_t i = 0; i < most && text[i] != '\0'; i++) {
        if (text[i] == '"' || text[i] == '\\')
            writer_bytes(self, "\\", 1);
        writer_bytes(self, text[i] >= ' ' && text[i] <= '~' ? &text[i] : "?", 1);
    }
    writer_bytes(self, "\"", 1);
}

/* Days since 1970 to year, month and day, by Howard Hinnant's civil_from_days (howardhinnant.github.io/date_algorithms.html):
 * some ten operations, where gmtime_r takes a lock. For days from 0 on. */
static void writer_date(text_writer_t *self, uint64_t days)
{
    days += 719468; /* since 0000-03-01 */
    const uint64_t era = days / 146097, day_of_era = days % 146097;
    const uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    const uint64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    put_padded(self, era * 400 + year_of_era + (month <= 2), 4);
    writer_bytes(self, "-", 1);
    put_padded(self, month, 2);
    writer_bytes(self, "-", 1);
    put_padded(self, day_of_year - (153 * month_from_march + 2) / 5 + 1, 2);
}

void writer_timestamp(text_writer_t *self, int64_t real_ns)
{
    const uint64_t us = (uint64_t)(real_ns / NS_PER_US), seconds = us / 1000000;
    writer_date(self, seconds / 86400);
    writer_bytes(self, "T", 1);
    put_padded(self, seconds / 3600 % 24, 2);
    writer_bytes(self, ":", 1);
    put_padded(self, seconds / 60 % 60, 2);
    writer_bytes(self, ":", 1);
    put_padded(self, seconds % 60, 2);
    writer_bytes(self, ".", 1);
    put_padded(self, us % 1000000, 6);
    writer_bytes(self, "Z", 1);
}

const char *writer_string(text_writer_t *self)
{
    assert(self->at < self->end);
    *self->at = '\0';
    return self->start;
}
