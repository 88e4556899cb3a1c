#include "common/numbers/decimal.h"

#include "common/hash.h"

enum { EXPONENT_MAX = 99 };

/* A valid decimal, taken apart: ±0.DDDD × 10^magnitude, where `at` is at the first digit that is not 0. */
typedef struct {
    int sign;       /* -1, 0, 1 */
    int magnitude;  /* 0 for zero */
    const char *at; /* digits, with the point among them */
    const char *end;
} parts_t;

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* The end of the exponent that begins at `at`; NULL when it is invalid. */
static const char *read_exponent(const char *at, const char *end, int *exponent)
{
    at++; /* e or E */
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    const char *digits = at;
    int value = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        value = value > EXPONENT_MAX ? value : value * 10 + (*at - '0');
    *exponent = negative ? -value : value;
    return at > digits && value <= EXPONENT_MAX ? at : NULL;
}

/* The digits as one run over the point: the next one and on, 0 behind the last. */
static char next_digit(const char **at, const char *end)
{
    if (*at < end && **at == '.')
        ++*at;
    return *at < end ? *(*at)++ : '0';
}

static parts_t take_apart(text_t text)
{
    const char *at = text.at, *end = text.at + text.length, *exponent_at = at;
    parts_t parts = {.sign = 1};
    if (*at == '-') {
        parts.sign = -1;
        at++;
    }
    while (exponent_at < end && *exponent_at != 'e' && *exponent_at != 'E')
        exponent_at++;
    if (exponent_at < end)
        read_exponent(exponent_at, end, &parts.magnitude);
    parts.end = exponent_at;
    const char *point = skip_digits(at, parts.end);
    parts.magnitude += (int)(point - at);
    for (; at < parts.end && (*at == '0' || *at == '.'); at++)
        parts.magnitude -= *at == '0';
    parts.at = at;
    return at < parts.end ? parts : (parts_t){.sign = 0};
}

bool decimal_valid(text_t text)
{
    if (text.length < 1 || text.length > DECIMAL_MAX)
        return false;
    const char *at = text.at, *end = at + text.length;
    at += *at == '-';
    const char *after = skip_digits(at, end);
    if (after == at || (*at == '0' && after > at + 1))
        return false;
    at = after;
    if (at < end && *at == '.') {
        after = skip_digits(at + 1, end);
        if (after == at + 1)
            return false;
        at = after;
    }
    int exponent;
    if (at < end && (*at == 'e' || *at == 'E'))
        at = read_exponent(at, end, &exponent);
    return at == end;
}

int decimal_sign(text_t text)
{
    const char *at = text.at, *end = text.at + text.length;
    int sign = *at == '-' ? -1 : 1;
    for (at += *at == '-'; at < end && *at != 'e' && *at != 'E'; at++)
        if (*at != '0' && *at != '.')
            return sign;
    return 0;
}

int decimal_compare(text_t a, text_t b)
{
    parts_t x = take_apart(a), y = take_apart(b);
    if (x.sign != y.sign)
        return x.sign - y.sign;
    if (x.magnitude != y.magnitude)
        return x.magnitude < y.magnitude ? -x.sign : x.sign;
    while (x.at < x.end || y.at < y.end) {
        char p = next_digit(&x.at, x.end), q = next_digit(&y.at, y.end);
        if (p != q)
            return p < q ? -x.sign : x.sign;
    }
    return 0;
}

/* Ends where only zeros follow, which say nothing. */
static const char *skip_zeros_back(const char *end, const char *from)
{
    while (end > from && (end[-1] == '0' || end[-1] == '.'))
        end--;
    return end;
}

/* The digits without the zeros at either end are the same however the number is written; 19 at a time, as many as fit into a word. */
static uint64_t hash_digits(uint64_t hash, const char *at, const char *end)
{
    uint64_t run = 0;
    for (int left = 19; at < end; at++) {
        if (*at == '.')
            continue;
        run = run * 10 + (uint64_t)(*at - '0');
        if (--left == 0) {
            hash = hash_mix(hash, run);
            run = 0;
            left = 19;
        }
    }
    return hash_mix(hash, run);
}

uint64_t decimal_hash(text_t text)
{
    parts_t parts = take_apart(text);
    uint64_t hash = hash_mix((uint64_t)(int64_t)parts.sign, (uint64_t)(int64_t)parts.magnitude);
    return hash_digits(hash, parts.at, skip_zeros_back(parts.end, parts.at));
}
