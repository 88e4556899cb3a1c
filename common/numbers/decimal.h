/* Exact decimals as text: a client gets what a feed sent, digit for digit.
 *
 * A decimal here is a JSON number (RFC 8259, section 6): -?int frac? exp?. Nothing is ever turned into a double.
 */
#pragma once

#include "common/text.h"

enum { DECIMAL_MAX = 64 }; /* characters of a price or a quantity; 38 digits fit, with point, sign and exponent */

/* Is it a JSON number of at most DECIMAL_MAX characters with an exponent within ±99? */
bool decimal_valid(text_t text);

/* -1, 0 or 1 if the value is below, equal to or above zero. For valid text. */
int decimal_sign(text_t text);

/* Compares values, not texts: 8.5E-5 equals 0.0000850. Negative, 0 or positive. For valid text. */
int decimal_compare(text_t a, text_t b);

/* A hash of the value: the same for texts of the same value. For valid text. */
uint64_t decimal_hash(text_t text);
