/* A journal in a folder of its own, and trades whose text can be told from their seq. */
#pragma once

#include "connectord/journal/journal.h"
#include "tests/unit/temporary_folder.h"

#include <inttypes.h>

#define MIB UINT64_C(1048576)
#define NOW UINT64_C(1763941200123456)
#define BTC TEXT("trade.BTC-USD.x")
#define ETH TEXT("trade.ETH-USD.x")

enum { TRADE_BYTES = 240, SEGMENT = 262144 /* bytes of one in a journal of 1 MiB */ };

static char path[80];
static folder_t folder;

static inline void setup(void)
{
    folder = folder_new();
    snprintf(path, sizeof path, "%s/state/journal", folder.path); /* made with its parents */
}

static inline void teardown(void)
{
    folder_remove(&folder);
}

static inline journal_t *reopen(void)
{
    journal_t *journal = journal_open(path, MIB, NOW + 1000000);
    ck_assert_ptr_nonnull(journal);
    return journal;
}

static inline journal_t *create(void)
{
    journal_t *journal = journal_open(path, MIB, NOW);
    ck_assert_ptr_nonnull(journal);
    return journal;
}

/* The text that append() gives the trade with that seq. */
static inline text_t trade_text(char out[static TRADE_BYTES], text_t topic, uint64_t seq)
{
    memset(out, '.', TRADE_BYTES);
    int length = snprintf(out, TRADE_BYTES, "%.*s %" PRIu64, TEXT_ARG(topic), seq);
    out[length] = '.';
    return (text_t){out, TRADE_BYTES - seq % 50};
}

static inline void append(journal_t *journal, text_t topic, uint64_t count)
{
    journal_stream_t *stream = journal_stream(journal, topic);
    ck_assert_ptr_nonnull(stream);
    for (uint64_t i = 0; i < count; i++) {
        char bytes[TRADE_BYTES];
        text_t text = trade_text(bytes, topic, journal_last(stream) + 1);
        ck_assert(journal_append(journal, stream, text));
        ck_assert(text_equal(journal_read(journal, stream, journal_last(stream)), text));
    }
}

/* Everything from `from` to the last is there and right. */
static inline void check(journal_t *journal, text_t topic, uint64_t from, uint64_t last)
{
    const journal_stream_t *stream = journal_find(journal, topic);
    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_eq(journal_last(stream), last);
    for (uint64_t seq = from; seq <= last; seq++) {
        char bytes[TRADE_BYTES];
        ck_assert_msg(text_equal(journal_read(journal, stream, seq), trade_text(bytes, topic, seq)), "seq %" PRIu64, seq);
    }
    ck_assert_uint_eq(journal_read(journal, stream, last + 1).length, 0);
    ck_assert_uint_eq(journal_read(journal, stream, 0).length, 0);
}
