/* The query of a URL (RFC 3986, section 3.4), as arguments by name. */
#pragma once

#include "common/text.h"

enum { REST_ARGUMENTS_MAX = 16 };

/* An argument of a query, decoded. */
typedef struct {
    text_t name, value;
} rest_argument_t;

typedef struct {
    rest_argument_t arguments[REST_ARGUMENTS_MAX];
    size_t count;
} rest_query_t;

/* Adds `name=value`, unless the name begins with '_', as no parameter does. False when there are too many, it is not UTF-8,
 * or a name is repeated. It is kept as a slice. */
bool rest_query_add(rest_query_t *self, text_t argument);
text_t rest_query_get(const rest_query_t *self, const char *name); /* empty where absent */

/* All of a query, decoded, but for access_token, which bearer.h reads. The slices point into the query, or into
 * `room`, which is as long. False as rest_query_add, or where it can't be decoded. */
bool rest_query_read(rest_query_t *self, text_t query, char *room);
