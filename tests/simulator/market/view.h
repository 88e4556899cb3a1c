/* A trade as its parts, for those who print it in a form of their own. The pieces point into the text that they were read from. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/simulator/trade.h"

typedef struct {
    const char *text; /* not NUL-terminated */
    size_t length;
} sim_piece_t;

typedef struct {
    sim_piece_t symbol; /* BTC-USD */
    sim_piece_t timestamp;
    sim_piece_t price, qty;
    int64_t time_ns; /* since 1970; 0 where the timestamp can't be read */
    uint64_t id;     /* 0 where the trade_id is no whole number */
    bool sold;       /* the taker sold */
} sim_view_t;

/* members: as trade_write made them. False for others. */
bool view_read(sim_view_t *self, const char *members, size_t length);

/* 64 bits that a trade's symbol and id always give: for all that an exchange invents besides. */
uint64_t view_hash(const sim_view_t *self);

void view_piece(text_writer_t *out, sim_piece_t piece);
