#include "tests/simulator/market/exact.h"

#include <stdlib.h>

static void set_digit(sim_exact_t *self, unsigned at, uint8_t digit)
{
    self->digits[at] = digit;
    if (digit > 0 && at >= self->top)
        self->top = at + 1;
}

/* The number behind an E; 0 where there is no E. False when it is out of range. */
static bool read_exponent(const char *text, size_t length, size_t *mantissa, int *exponent)
{
    const char *mark = memchr(text, 'E', length);
    if (!mark && !(mark = memchr(text, 'e', length))) {
        *mantissa = length;
        *exponent = 0;
        return true;
    }
    char number[8] = "";
    const size_t digits = length - (size_t)(mark + 1 - text);
    if (digits == 0 || digits >= sizeof number)
        return false;
    memcpy(number, mark + 1, digits);
    *mantissa = (size_t)(mark - text);
    *exponent = (int)strtol(number, NULL, 10);
    return *exponent >= -EXACT_TEXT_MAX && *exponent <= EXACT_TEXT_MAX;
}

/* Where the point is: how many characters are before it. */
static size_t point_of(const char *text, size_t length)
{
    const char *point = memchr(text, '.', length);
    return point ? (size_t)(point - text) : length;
}

bool exact_read(sim_exact_t *self, const char *text, size_t length)
{
    int exponent;
    size_t mantissa;
    memset(self, 0, sizeof *self);
    if (length == 0 || length > EXACT_TEXT_MAX || !read_exponent(text, length, &mantissa, &exponent))
        return false;
    const size_t point = point_of(text, mantissa);
    const int decimals = (int)(mantissa - point) - (point < mantissa) - exponent;
    if (decimals > EXACT_TEXT_MAX)
        return false;
    int place = EXACT_FRACTION + (int)point - 1 + exponent; /* of the first digit */
    for (size_t i = 0; i < mantissa; i++) {
        if (i == point)
            continue;
        if (text[i] < '0' || text[i] > '9' || place < 0 || place >= EXACT_DIGITS) {
            memset(self, 0, sizeof *self);
            return false;
        }
        set_digit(self, (unsigned)place--, (uint8_t)(text[i] - '0'));
    }
    self->decimals = decimals > 0 ? (unsigned)decimals : 0;
    return true;
}

void exact_add(sim_exact_t *self, const sim_exact_t *other)
{
    uint8_t carry = 0;
    if (other->decimals > self->decimals)
        self->decimals = other->decimals;
    for (unsigned i = EXACT_FRACTION - self->decimals; (i < other->top || carry) && i < EXACT_DIGITS; i++) {
        const uint8_t sum = (uint8_t)(self->digits[i] + other->digits[i] + carry);
        carry = sum >= 10;
        set_digit(self, i, (uint8_t)(sum - 10 * carry));
    }
}

sim_exact_t exact_product(const sim_exact_t *a, const sim_exact_t *b)
{
    unsigned sums[EXACT_DIGITS] = {0}; /* by place; each is at most 81 times the digits of one of them */
    for (unsigned i = EXACT_FRACTION - a->decimals; i < a->top; i++)
        for (unsigned j = EXACT_FRACTION - b->decimals; a->digits[i] && j < b->top; j++)
            if (i + j - EXACT_FRACTION < EXACT_DIGITS)
                sums[i + j - EXACT_FRACTION] += (unsigned)a->digits[i] * b->digits[j];
    sim_exact_t product = {.decimals = a->decimals + b->decimals};
    unsigned carry = 0;
    for (unsigned i = 0; i < EXACT_DIGITS; i++) {
        carry += sums[i];
        set_digit(&product, i, (uint8_t)(carry % 10));
        carry /= 10;
    }
    return product;
}

int exact_compare(const sim_exact_t *a, const sim_exact_t *b)
{
    for (unsigned i = a->top > b->top ? a->top : b->top; i-- > 0;)
        if (a->digits[i] != b->digits[i])
            return a->digits[i] < b->digits[i] ? -1 : 1;
    return 0;
}

/* × 10^places */
static sim_exact_t shifted(const sim_exact_t *self, int places)
{
    sim_exact_t moved = {0};
    for (unsigned i = 0; i < self->top; i++)
        if (self->digits[i] && (int)i + places >= 0 && (int)i + places < EXACT_DIGITS)
            set_digit(&moved, (unsigned)((int)i + places), self->digits[i]);
    return moved;
}

/* other must not be the greater one. */
static void subtract(sim_exact_t *self, const sim_exact_t *other)
{
    uint8_t borrow = 0;
    for (unsigned i = 0; i < self->top; i++) {
        const uint8_t less = (uint8_t)(other->digits[i] + borrow);
        borrow = self->digits[i] < less;
        self->digits[i] = (uint8_t)(self->digits[i] + 10 * borrow - less);
    }
    while (self->top > 0 && self->digits[self->top - 1] == 0)
        self->top--;
}

sim_exact_t exact_quotient(const sim_exact_t *a, const sim_exact_t *b, unsigned decimals)
{
    sim_exact_t rest = *a, quotient = {.decimals = decimals};
    for (int place = a->top > b->top ? (int)(a->top - b->top) : 0; place >= -(int)decimals; place--) {
        const sim_exact_t part = shifted(b, place);
        uint8_t digit = 0;
        for (; digit < 9 && exact_compare(&rest, &part) >= 0; digit++)
            subtract(&rest, &part);
        set_digit(&quotient, (unsigned)(EXACT_FRACTION + place), digit);
    }
    return quotient;
}

void exact_write(text_writer_t *out, const sim_exact_t *self, unsigned least_decimals)
{
    const unsigned decimals = self->decimals > least_decimals ? self->decimals : least_decimals;
    for (unsigned i = self->top > EXACT_FRACTION ? self->top : EXACT_FRACTION + 1; i-- > EXACT_FRACTION - decimals;) {
        if (i == EXACT_FRACTION - 1)
            writer_text(out, ".");
        writer_fill(out, (char)('0' + self->digits[i]), 1);
    }
}
