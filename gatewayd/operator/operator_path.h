/* The paths of the operator's API (proto/operator.md), and what of each can be done. */
#pragma once

#include "common/text.h"

typedef enum {
    OPERATOR_CLIENTS,       /* GET */
    OPERATOR_SUBSCRIPTIONS, /* GET */
    OPERATOR_OFFERS,        /* GET: what a source offers */
    OPERATOR_SYMBOL,        /* PUT, DELETE: one of its symbols */
    OPERATOR_DRAIN,         /* POST */
    OPERATOR_HISTORY        /* DELETE: of one subject, or all */
} operator_place_t;

typedef struct {
    operator_place_t place;
    text_t source; /* OFFERS, SYMBOL: not empty, else as it was written */
    text_t symbol; /* SYMBOL: the same; HISTORY: a symbol or <channel>/<key>, empty for all */
} operator_target_t;

/* path: decoded, with or without a '/' at its end. The slices point into it. False: none of them. */
bool operator_find(text_t path, operator_target_t *target);

/* For Allow, OPTIONS among them. */
const char *operator_methods(operator_place_t place);

/* Can the method be used there? With HEAD for GET. */
bool operator_takes(operator_place_t place, text_t method);
