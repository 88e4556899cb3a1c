/* What an exchange can be asked about the past over HTTP: the trades that were missed, and its own candles, which are witnesses of what should have come.
 *
 * An exchange that has this numbers its trades: the ids of a symbol count up by one, in the order of trading, so that a hole shows. All functions are
 * pure: they print a question and read its answer. Who asks, when, how often and how long is connectord/backfill's, the same for every exchange.
 *
 * Questions go forward: each page begins right behind a place and holds, in any order, the trades that follow it.
 */
#pragma once

#include "common/buffer.h"
#include "proto/trade.h"

enum {
    PAST_ERROR_MAX = 512,
    PAST_PAGE_MAX = 1000, /* trades of a page, at most */
    PAST_JUMP_MAX =
        10000000 /* an id that is further ahead is of another numbering, or nonsense: nobody asks for what lies between */
};

/* Where a page begins: right behind this trade. */
typedef struct {
    uint64_t id;     /* of the trade */
    int64_t time_ns; /* when it was made (since 1970), or earlier */
} past_place_t;

/* A minute in the exchange's own words. */
typedef struct {
    int64_t start_ns; /* since 1970, a whole minute */
    text_t volume;    /* the sum of the quantities, decimal_valid */
    bool counted;     /* does the exchange say how many trades there were? */
    uint64_t trades;  /* … so many */
} past_candle_t;

/* Called for each record of an answer; the slices are valid during the call. A trade is valid (trade_valid, which sets timestamp_ns) except for cursor,
 * source and received_ns; its id is a whole number. */
typedef void past_trade_fn(void *arg, const trade_t *trade, uint64_t id);
typedef void past_candle_fn(void *arg, const past_candle_t *candle);

typedef struct {
    const char *url;      /* where it is, unless the configuration says so: scheme and host, without a slash at the end */
    const char *header;   /* sent with each question, "Name: value"; NULL: none is */
    uint32_t requests;    /* the exchange takes so many from an address in any … */
    uint32_t interval_ms; /* … such interval */
    size_t
        page; /* a page holds so many trades at most, 1 to PAST_PAGE_MAX; one with fewer is the last for now (but see `window`) */
    bool
        window; /* a page holds the trades with the `page` numbers behind the place alone: none in it does not mean that none follow */
    size_t candles; /* an answer has so many candles at most */
    bool
        recent; /* those can only be the newest ones, whatever is asked for; and it has one for each minute, also without a trade */

    /* Appends the path and query of a question, "/products/BTC-USD/trades?limit=1000&after=1001". The symbol is BASE-QUOTE. */
    void (*print_trades)(buffer_t *out, text_t symbol, const past_place_t *place);
    void (*print_candles)(buffer_t *out, text_t symbol, int64_t from_ns,
                          int64_t to_ns); /* of one minute each; to_ns is exclusive */

    /* Reads the body of an answer with status 200. False, with the reason, when it is not what was asked for, or says that something is wrong: what was
     * reported until then is good, and the question may be asked again later. A record that is not valid is left out: the reason of the
     * first one is in `error`, which is empty where all is well. */
    bool (*read_trades)(text_t body, text_t symbol, past_trade_fn *on_trade, void *arg, char error[static PAST_ERROR_MAX]);
    bool (*read_candles)(text_t body, text_t symbol, past_candle_fn *on_candle, void *arg, char error[static PAST_ERROR_MAX]);
} past_t;
