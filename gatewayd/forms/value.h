/* An argument of a request, in the form of the door that it came through. */
#pragma once

#include "common/text.h"

typedef struct {
    text_t text; /* at: NULL: absent */
    bool plain;  /* it is the text itself, as in a URL; else raw JSON */
} value_t;

/* The argument of this name in `form`, for as long as that lives. */
typedef value_t value_fn(const void *form, const char *name);
