/* What the exchange does to those who subscribe to a symbol, instead of subscribing them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { DENIAL_TEXT_BYTES = 64 };

typedef struct {
    uint64_t ignores;             /* so many subscribes are neither answered nor carried out … */
    uint64_t rejects;             /* … and so many behind them are rejected … */
    char text[DENIAL_TEXT_BYTES]; /* … with this text … */
    bool nameless;                /* … and "symbol":null in place of the symbol */
} denial_t;
