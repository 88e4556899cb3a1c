/* Wrong tokens, by address (address_group.h), and how long each address has to wait before its next one is checked.
 *
 *     guesses_try ──true──▶ the token is checked ──▶ guesses_tell
 *          └─false: none is checked now, not even the right one, or a guess would show at once that it is wrong
 *
 * The first wrong one costs GUESSES_FIRST_MS, each further one twice as long, up to GUESSES_LONGEST_MS; a right one resets this. Waiting keeps
 * nothing here. Bounded: the address heard longest ago is forgotten. Knows no token.
 */
#pragma once

#include "common/text.h"

enum {
    GUESSES_FIRST_MS = 1000,
    GUESSES_LONGEST_MS = 60000,
    GUESSES_FORGET_MS = 600000, /* without another wrong one */
    GUESSES_OPEN = 8,           /* checked at the same time for one address; 1 after a wrong one */
    GUESSES_ADDRESSES = 1024    /* remembered */
};

typedef struct guesses guesses_t;

typedef enum {
    GUESS_RIGHT,
    GUESS_WRONG,
    GUESS_UNKNOWN /* nobody could say */
} guess_t;

/* NULL when memory runs out. */
guesses_t *guesses_new(void);
void guesses_destroy(guesses_t **self);

/* May a token from this address (as text) be checked now (CLOCK_MONOTONIC)? True: guesses_tell follows. False: it is to come back after *wait_ms. */
bool guesses_try(guesses_t *self, text_t address, int64_t now_ns, uint64_t *wait_ms);

/* The result. Returns how long its address has to wait now, in ms. */
uint64_t guesses_tell(guesses_t *self, text_t address, guess_t guess, int64_t now_ns);

/* How many were wrong so far. */
uint64_t guesses_wrong(const guesses_t *self);
