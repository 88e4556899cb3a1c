/* A place to continue from, as part of a URL: JSON in base64url without padding (RFC 4648, section 5). */
#pragma once

#include "common/buffer.h"

void page_token_append(buffer_t *out, text_t json);

/* False, with nothing appended, when the text is invalid. */
bool page_token_decode(buffer_t *out, text_t token);
