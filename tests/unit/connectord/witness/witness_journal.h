/* A journal with a stream of trades and one of its coverage, whose times count in seconds from FIRST_MINUTE. */
#pragma once

#include "common/timestamp.h"
#include "proto/coverage.h"
#include "proto/record.h"
#include "tests/unit/connectord/witness/told_minutes.h"
#include "tests/unit/journal_fixture.h"

static journal_t *journal;
static journal_stream_t *trades, *coverage;

static inline int64_t second_at(double number)
{
    return FIRST_MINUTE + (int64_t)(number * 1000) * NS_PER_MS;
}

static inline void open_journal(void)
{
    journal = journal_open(path, MIB, NOW);
    ck_assert_ptr_nonnull(journal);
    trades = journal_stream(journal, TEXT("trade.BTC-USD.x"));
    coverage = journal_stream(journal, TEXT("coverage.BTC-USD.x"));
}

static inline void set_up_journal(void)
{
    setup();
    open_journal();
}

static inline void tear_down_journal(void)
{
    journal_close(&journal);
    teardown();
}

static inline void put_record(journal_stream_t *stream, trade_t record, int64_t time_ns, int64_t received_ns)
{
    char json[RECORD_MAX], timestamp[TIMESTAMP_MAX];
    record.symbol = TEXT("BTC-USD");
    record.source = TEXT("x");
    record.cursor = (cursor_t){journal_epoch(journal), journal_last(stream) + 1};
    record.timestamp = (text_t){timestamp, timestamp_print(timestamp, time_ns, 9)};
    record.timestamp_ns = time_ns;
    record.received_ns = received_ns;
    ck_assert(journal_append(journal, stream, (text_t){json, record_print(json, &record)}));
}

/* A trade that was made, and came, then. */
static inline void put_trade_late(double made_s, double received_s, const char *qty)
{
    put_record(trades, (trade_t){.side = SIDE_BUY, .qty = text_of(qty), .price = TEXT("100.5"), .id = TEXT("1")},
               second_at(made_s), second_at(received_s));
}

static inline void put_trade(double made_s, const char *qty)
{
    put_trade_late(made_s, made_s + 0.05, qty);
}

/* to_s 0: it is open. The cursor is that of the last trade. */
static inline void put_coverage(coverage_state_t state, double from_s, double to_s)
{
    buffer_t data = buffer_new(0);
    coverage_print(&data, &(coverage_t){.state = state,
                                        .from_ns = second_at(from_s),
                                        .to_ns = to_s > 0 ? second_at(to_s) : COVERAGE_OPEN,
                                        .cursor = {journal_epoch(journal), journal_last(trades)},
                                        .missing_known = true});
    put_record(coverage, (trade_t){.channel = TEXT("coverage"), .data = buffer_text(&data)}, second_at(from_s),
               second_at(from_s));
    buffer_release(&data);
}
