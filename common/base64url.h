/* Bytes as text that can stand in a URL: base64url without padding (RFC 4648, section 5). */
#pragma once

#include "common/buffer.h"

void base64url_append(buffer_t *out, text_t bytes);

/* Strict: each run of bytes has one text only, so the bits that the last character has too many must be 0. False, with nothing appended, when the
 * text is invalid or memory runs out. */
bool base64url_decode(buffer_t *out, text_t text);
