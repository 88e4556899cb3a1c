/* The token that an HTTP request brings (RFC 6750): in Authorization, or, where browsers can send no header, as access_token in the query. */
#pragma once

#include "common/http/http_request.h"

/* Empty: it brings none. The header counts more. room: for a token that is to be decoded; outlives it. Nothing of it is logged, here or where it goes. */
text_t bearer_token(const http_request_t *request, char room[static HTTP_HEAD_MAX]);

/* That of the value of Authorization alone. */
text_t bearer_of_header(text_t authorization);

/* Is it the token, of the arguments of a query? As it was sent. */
bool bearer_is_argument(text_t argument);
