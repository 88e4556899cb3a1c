#include "common/numbers/exact.h"

#include <assert.h>
#include <gmp.h>
#include <stdlib.h>

#include "common/numbers/decimal.h"

enum {
    UNITS_DIGITS = 38, /* any number of so many digits fits into exact_units_t */
    QUICK_DIGITS = 18, /* and of so many into 64 bits */
    TENS = UNITS_DIGITS + 1,
    DIGITS_MAX = DECIMAL_MAX + 100 /* of a decimal written without its exponent of at most 99 */
};

__extension__ typedef unsigned __int128 magnitude_t;

/* GMP ends the process when memory runs out, and so does what is allocated for it here: these numbers are rare and small. */
struct exact_big {
    mpz_t units;
};

#define E9 UINT64_C(1000000000)

/* 10^n, 0 to 38. */
static exact_units_t ten_to(int n)
{
    static const uint64_t tens[] = {
        1,       10,           100,      1000,      10000,      100000,      1000000,      10000000,      100000000,
        E9,      10 * E9,      100 * E9, 1000 * E9, 10000 * E9, 100000 * E9, 1000000 * E9, 10000000 * E9, 100000000 * E9,
        E9 * E9, 10 * E9 * E9,
    };
    assert(n >= 0 && n < TENS);
    return n < 20 ? (exact_units_t)tens[n] : (exact_units_t)tens[19] * (exact_units_t)tens[n - 19];
}

/* --- what does not fit into 128 bits --- */

static void import_units(mpz_t out, exact_units_t units)
{
    magnitude_t magnitude = units < 0 ? -(magnitude_t)units : (magnitude_t)units;
    mpz_import(out, 1, -1, sizeof magnitude, 0, 0, &magnitude);
    if (units < 0)
        mpz_neg(out, out);
}

static void get_units(mpz_t out, const exact_t *from)
{
    if (from->big)
        mpz_set(out, from->big->units);
    else
        import_units(out, from->units);
}

static void make_big(exact_t *self)
{
    if (self->big)
        return;
    self->big = malloc(sizeof *self->big);
    if (!self->big)
        abort();
    mpz_init(self->big->units);
    import_units(self->big->units, self->units);
}

static void times_ten_to(mpz_t units, int n)
{
    mpz_t factor;
    mpz_init(factor);
    mpz_ui_pow_ui(factor, 10, (unsigned long)n);
    mpz_mul(units, units, factor);
    mpz_clear(factor);
}

static void add_big(exact_t *self, const exact_t *term)
{
    mpz_t units;
    mpz_init(units);
    get_units(units, term);
    make_big(self);
    if (term->scale < self->scale)
        times_ten_to(units, self->scale - term->scale);
    if (term->scale > self->scale) {
        times_ten_to(self->big->units, term->scale - self->scale);
        self->scale = term->scale;
    }
    mpz_add(self->big->units, self->big->units, units);
    mpz_clear(units);
}

static void multiply_big(exact_t *self, const exact_t *a, const exact_t *b)
{
    mpz_t units;
    mpz_init(units);
    make_big(self);
    get_units(self->big->units, a);
    get_units(units, b);
    mpz_mul(self->big->units, self->big->units, units);
    mpz_clear(units);
}

/* --- reading --- */

/* -?digits[.digits] with few digits, the usual form. False: it is another, and *self has become anything. */
static bool set_quickly(exact_t *self, text_t decimal)
{
    const char *at = decimal.at, *end = at + decimal.length, *point = NULL;
    bool negative = *at == '-';
    uint64_t units = 0;
    at += negative;
    if (end - at > QUICK_DIGITS + 1)
        return false;
    for (; at < end; at++) {
        unsigned digit = (unsigned char)*at - (unsigned)'0';
        if (digit <= 9)
            units = units * 10 + digit;
        else if (*at == '.')
            point = at;
        else
            return false; /* an exponent */
    }
    if (!point && decimal.length - negative > QUICK_DIGITS)
        return false;
    self->units = negative ? -(exact_units_t)units : (exact_units_t)units;
    self->scale = point ? (int)(end - point) - 1 : 0;
    return true;
}

/* A decimal as a whole number's digits, with their number behind the point. */
typedef struct {
    char sign_and_digits[1 + DIGITS_MAX + 1]; /* '-' or '0', the digits and a NUL */
    int count, scale;                         /* count: of the digits */
} plain_t;

static int read_exponent(const char *at, const char *end)
{
    int value = 0;
    bool negative = *at == '-';
    for (at += *at == '-' || *at == '+'; at < end; at++)
        value = value * 10 + (*at - '0');
    return negative ? -value : value;
}

static plain_t read_plainly(text_t decimal)
{
    bool negative = decimal.at[0] == '-';
    plain_t plain = {.sign_and_digits = {negative ? '-' : '0'}};
    char *digits = plain.sign_and_digits + 1;
    const char *at = decimal.at + negative, *end = decimal.at + decimal.length;
    bool fraction = false;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        plain.scale += fraction;
        if (plain.count > 0 || *at != '0')
            digits[plain.count++] = *at;
    }
    if (at < end)
        plain.scale -= read_exponent(at + 1, end);
    for (; plain.scale < 0; plain.scale++)
        if (plain.count > 0)
            digits[plain.count++] = '0';
    digits[plain.count] = '\0';
    return plain;
}

static void set_slowly(exact_t *self, text_t decimal)
{
    plain_t plain = read_plainly(decimal);
    exact_units_t units = 0;
    self->scale = plain.scale;
    if (plain.count > UNITS_DIGITS) {
        make_big(self);
        mpz_set_str(self->big->units, plain.sign_and_digits, 10);
        return;
    }
    for (int i = 0; i < plain.count; i++)
        units = units * 10 + (plain.sign_and_digits[1 + i] - '0');
    self->units = plain.sign_and_digits[0] == '-' ? -units : units;
}

/* --- printing --- */

static void put_zeros(buffer_t *out, int count)
{
    for (int i = 0; i < count; i++)
        buffer_append(out, TEXT("0"));
}

/* The digits of a whole number with a point before the last `scale` of them (behind the last, with zeros, where it is negative). */
static void put_plain(buffer_t *out, bool negative, text_t digits, int scale)
{
    int length = (int)digits.length, whole = length - scale;
    if (negative)
        buffer_append(out, TEXT("-"));
    if (whole <= 0)
        buffer_append(out, TEXT("0"));
    else if (whole >= length)
        buffer_append(out, digits);
    else
        buffer_append(out, (text_t){digits.at, (size_t)whole});
    if (scale < 0)
        put_zeros(out, -scale);
    if (scale <= 0)
        return;
    buffer_append(out, TEXT("."));
    if (whole < 0)
        put_zeros(out, -whole);
    size_t from = whole > 0 ? (size_t)whole : 0;
    buffer_append(out, (text_t){digits.at + from, digits.length - from});
}

static void put_units(buffer_t *out, exact_units_t units, int scale)
{
    char digits[UNITS_DIGITS + 1];
    magnitude_t rest = units < 0 ? -(magnitude_t)units : (magnitude_t)units;
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + (int)(rest % 10));
    while (rest /= 10);
    put_plain(out, units < 0, (text_t){digits + at, sizeof digits - at}, scale);
}

static void put_big(buffer_t *out, const mpz_t units, int scale)
{
    size_t room = mpz_sizeinbase(units, 10) + 2; /* a sign and a NUL */
    char *digits = malloc(room);
    if (!digits)
        abort();
    mpz_get_str(digits, 10, units);
    bool negative = digits[0] == '-';
    put_plain(out, negative, text_of(digits + negative), scale);
    free(digits);
}

/* --- dividing --- */

/* quotient = |dividend| × 10^shift / |divisor|, cut, and the remainder and the divisor that it is of. */
static void divide(mpz_t quotient, mpz_t remainder, mpz_t by, const mpz_t dividend, const mpz_t divisor, int shift)
{
    mpz_abs(remainder, dividend);
    mpz_abs(by, divisor);
    times_ten_to(shift < 0 ? by : remainder, abs(shift));
    mpz_tdiv_qr(quotient, remainder, remainder, by);
}

/* The remainder decides: up above the half, and at the half up to an even digit. */
static void round_half_even(mpz_t quotient, mpz_t remainder, const mpz_t by)
{
    mpz_mul_2exp(remainder, remainder, 1);
    int half = mpz_cmp(remainder, by);
    if (half > 0 || (half == 0 && mpz_odd_p(quotient)))
        mpz_add_ui(quotient, quotient, 1);
}

/* The quotient of exactly EXACT_QUOTIENT_DIGITS digits, rounded. Returns its scale. */
static int divide_rounded(mpz_t quotient, const mpz_t dividend, const mpz_t divisor)
{
    mpz_t remainder, by, least, end;
    mpz_inits(remainder, by, least, end, NULL);
    mpz_ui_pow_ui(least, 10, EXACT_QUOTIENT_DIGITS - 1);
    mpz_mul_ui(end, least, 10);
    /* mpz_sizeinbase may tell one digit too many, and a quotient has one digit more or less: a step or two find the right shift. */
    int shift = EXACT_QUOTIENT_DIGITS + (int)mpz_sizeinbase(divisor, 10) - (int)mpz_sizeinbase(dividend, 10);
    divide(quotient, remainder, by, dividend, divisor, shift);
    while (mpz_cmp(quotient, end) >= 0)
        divide(quotient, remainder, by, dividend, divisor, --shift);
    while (mpz_cmp(quotient, least) < 0)
        divide(quotient, remainder, by, dividend, divisor, ++shift);
    round_half_even(quotient, remainder, by);
    mpz_clears(remainder, by, least, end, NULL);
    return shift;
}

/* --- numbers --- */

void exact_release(exact_t *self)
{
    if (self->big) {
        mpz_clear(self->big->units);
        free(self->big);
    }
    self->big = NULL;
    self->units = 0;
    self->scale = 0;
}

void exact_set(exact_t *self, text_t decimal)
{
    assert(decimal.length > 0);
    exact_release(self);
    if (!set_quickly(self, decimal))
        set_slowly(self, decimal);
}

/* Both have units of 128 bits. False, and nothing has changed, when the sum has not. */
static bool add_units(exact_t *self, const exact_t *term)
{
    exact_units_t a = self->units, b = term->units;
    int difference = term->scale - self->scale;
    if (abs(difference) >= TENS)
        return false;
    if (difference > 0 && __builtin_mul_overflow(a, ten_to(difference), &a))
        return false;
    if (difference < 0 && __builtin_mul_overflow(b, ten_to(-difference), &b))
        return false;
    if (__builtin_add_overflow(a, b, &a))
        return false;
    self->units = a;
    self->scale += difference > 0 ? difference : 0;
    return true;
}

void exact_add(exact_t *self, const exact_t *term)
{
    if (self->big || term->big || !add_units(self, term))
        add_big(self, term);
}

void exact_multiply(exact_t *self, const exact_t *a, const exact_t *b)
{
    exact_release(self);
    if (a->big || b->big || __builtin_mul_overflow(a->units, b->units, &self->units))
        multiply_big(self, a, b);
    self->scale = a->scale + b->scale;
}

bool exact_is_zero(const exact_t *self)
{
    return self->big ? mpz_sgn(self->big->units) == 0 : self->units == 0;
}

int exact_sign(const exact_t *self)
{
    return self->big ? mpz_sgn(self->big->units) : (self->units > 0) - (self->units < 0);
}

void exact_negate(exact_t *self)
{
    if (!self->big && !__builtin_sub_overflow(0, self->units, &self->units))
        return;
    make_big(self);
    mpz_neg(self->big->units, self->big->units);
}

void exact_print(const exact_t *self, buffer_t *out)
{
    if (self->big)
        put_big(out, self->big->units, self->scale);
    else
        put_units(out, self->units, self->scale);
}

void exact_print_quotient(const exact_t *dividend, const exact_t *divisor, buffer_t *out)
{
    assert(!exact_is_zero(divisor));
    if (exact_is_zero(dividend)) {
        buffer_append(out, TEXT("0"));
        return;
    }
    mpz_t a, b, quotient;
    mpz_inits(a, b, quotient, NULL);
    get_units(a, dividend);
    get_units(b, divisor);
    int scale = divide_rounded(quotient, a, b) + dividend->scale - divisor->scale;
    while (scale > 0 && mpz_divisible_ui_p(quotient, 10)) {
        mpz_divexact_ui(quotient, quotient, 10);
        scale--;
    }
    if (mpz_sgn(a) != mpz_sgn(b))
        mpz_neg(quotient, quotient);
    put_big(out, quotient, scale);
    mpz_clears(a, b, quotient, NULL);
}
