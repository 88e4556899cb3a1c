/* Exact decimal numbers: sums and products of prices and quantities, without rounding and without a limit.
 *
 * A number is a whole number of units of 10^-scale. While the units fit into 128 bits nothing is allocated; larger ones use
 * GMP. The scale is never less than that of what was added, so the sum of 0.10 and 0.2 is 0.30.
 */
#pragma once

#include "common/buffer.h"

__extension__ typedef __int128 exact_units_t;

typedef struct {
    exact_units_t units; /* if `big` is NULL */
    struct exact_big *big;
    int scale; /* 0 or more */
} exact_t;     /* all zero: the number 0 */

/* Significant digits of a quotient. */
enum { EXACT_QUOTIENT_DIGITS = 34 };

/* Frees what it holds; it is 0 then. */
void exact_release(exact_t *self);

/* Sets it to a valid decimal (decimal.h). */
void exact_set(exact_t *self, text_t decimal);

void exact_add(exact_t *self, const exact_t *term);

/* Sets it to a times b. */
void exact_multiply(exact_t *self, const exact_t *a, const exact_t *b);

bool exact_is_zero(const exact_t *self);

/* -1, 0 or 1: it is below, equal to or above zero. */
int exact_sign(const exact_t *self);

/* Turns its sign: to add it then is to subtract. */
void exact_negate(exact_t *self);

/* Every digit of it, up to its scale, without an exponent: 0.30 */
void exact_print(const exact_t *self, buffer_t *out);

/* dividend by divisor (which is not 0), rounded half to even to EXACT_QUOTIENT_DIGITS significant digits; without an exponent, and
 * without trailing zeros in the fraction. */
void exact_print_quotient(const exact_t *dividend, const exact_t *divisor, buffer_t *out);
