/* A subscribe with `mark`: from where on can each stream be had by `since`, and how long still? */
#pragma once

#include "gatewayd/subscribe/subscribe_state.h"

enum {
    OLDEST_FRESH_MS = 60000, /* for so long what was heard of a stream is good enough */
    OLDEST_AGAIN_MS = 5000,  /* after an answer that told nothing */
    OLDEST_OTHERS_MS = 1000  /* somebody else has asked: the answer is waited for that long */
};

/* Asks history, and where that has less the journals, of which streams it is not known: one after the other, until one is not answered. */
subscribe_step_t subscribe_oldest(subscribe_t *subscribe);
