/* Patterns, in which '*' stands for any run of characters. */
#pragma once

#include "common/text.h"

/* Does the pattern match the whole text? O(pattern × text) at worst, and allocates nothing. */
bool pattern_matches(text_t pattern, text_t text);
