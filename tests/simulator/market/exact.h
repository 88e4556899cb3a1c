/* Exact decimals: sums, products and quotients of numbers that come as text. None is below zero. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/simulator/writer.h"

/* Room for products of two numbers of EXACT_TEXT_MAX characters, and for sums of billions of those. */
enum { EXACT_TEXT_MAX = 63, EXACT_FRACTION = 128, EXACT_DIGITS = EXACT_FRACTION + 140, EXACT_PRINTED_BYTES = EXACT_DIGITS + 2 };

typedef struct {
    unsigned decimals;            /* of the number with the most that went into it */
    unsigned top;                 /* all digits from here on are 0 */
    uint8_t digits[EXACT_DIGITS]; /* that of 10^n is at EXACT_FRACTION + n */
} sim_exact_t;

/* 12.50, 8.5E-5: at most EXACT_TEXT_MAX characters, and as many decimals. False for what is no such number; then it is 0. */
bool exact_read(sim_exact_t *self, const char *text, size_t length);

void exact_add(sim_exact_t *self, const sim_exact_t *other);
sim_exact_t exact_product(const sim_exact_t *a, const sim_exact_t *b);

/* a / b, cut to so many decimals; b must be above 0. */
sim_exact_t exact_quotient(const sim_exact_t *a, const sim_exact_t *b, unsigned decimals);

/* Below 0, 0, above 0: as a is less than, equal to, or greater than b. */
int exact_compare(const sim_exact_t *a, const sim_exact_t *b);

/* With all its decimals, and at least so many. */
void exact_write(text_writer_t *out, const sim_exact_t *self, unsigned least_decimals);
