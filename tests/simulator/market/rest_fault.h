/* What an exchange's REST API is to do wrong next. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    REST_GOOD,
    /* Of the answer as a whole. */
    REST_STATUS, /* another status */
    REST_SLOW,   /* late */
    REST_CUT,    /* its end is missing, and the connection closed */
    REST_HTML,   /* a page for people */
    REST_HUGE,   /* 8 MiB of blanks before it */
    REST_EMPTY,  /* no trade is in it, nor a candle */
    /* Of a page of trades. */
    REST_OVERLAP,    /* it begins 10 trades too early */
    REST_SHUFFLE,    /* it is out of order */
    REST_MISSING,    /* one trade is left out */
    REST_CONTRADICT, /* one trade has another price */
    REST_FAULTS,
} rest_fault_kind_t;

typedef struct {
    rest_fault_kind_t kind;
    uint64_t times; /* so many answers more */
    int status;
    int64_t retry_after_s; /* -1: not told */
    int64_t delay_ms;
} sim_rest_fault_t;

/* Its name in requests and in the ledger. */
const char *rest_fault_name(rest_fault_kind_t kind);

#define REST_FAULT_NAMES "status, slow, cut, html, huge, empty, overlap, shuffle, missing or contradict"

/* REST_GOOD for what is no name. */
rest_fault_kind_t rest_fault_find(const char *name);

/* Whether it is one of a page of trades; those wait for an answer that has trades. */
bool rest_fault_of_page(rest_fault_kind_t kind);

/* Takes one of the times, if there is one left, of a fault of pages or of one of answers. */
rest_fault_kind_t rest_fault_take(sim_rest_fault_t *self, bool of_page);
