/* JSON in which each text has only one spelling.
 *
 * "b\u00f6rse" and "börse" are the same string, and many clients send the first: a comparison of the raw texts would miss it.
 */
#pragma once

#include "common/buffer.h"

/* The same JSON, each escape resolved that need not be one; '"' and '\' are escaped as buffer_append_json_string does it, control characters and half
 * surrogate pairs stay as they are. Where there is nothing to resolve, which is nearly always, and where it is not valid, that is `json` itself;
 * else it is in `out`, whose content goes. Empty when memory runs out. A byte order mark before it is left out (RFC 8259, 8.1). */
text_t json_plain(text_t json, buffer_t *out);
