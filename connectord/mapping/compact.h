/* JSON as short as it can be written without another spelling. */
#pragma once

#include "common/text.h"

/* Writes valid JSON without the white space between its tokens. Returns its length; 0: it is longer than `size`. */
size_t compact_json(text_t json, char *out, size_t size);
