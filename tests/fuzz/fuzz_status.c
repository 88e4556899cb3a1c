/* What status_parse takes prints to a status that reads the same. */
#include "proto/status.h"
#include "proto/topic.h"
#include "tests/fuzz/fuzz.h"

static void check_symbols(const status_t *status)
{
    json_walk_t walk = json_walk(status->symbols);
    text_t symbol;
    uint64_t last;
    while (status_next_symbol(&walk, &symbol, &last))
        require(subject_valid(symbol) && symbol.at > status->symbols.at);
    int64_t silence_ms;
    walk = json_walk(status->stale);
    while (status_next_stale(&walk, &symbol, &silence_ms))
        require(subject_valid(symbol) && symbol.at > status->stale.at && silence_ms >= 0);
    text_t reason;
    walk = json_walk(status->failing);
    while (status_next_failing(&walk, &symbol, &reason))
        require(subject_valid(symbol) && symbol.at > status->failing.at && reason.at > symbol.at);
    status_hole_t hole;
    walk = json_walk(status->holes);
    while (status_next_hole(&walk, &hole))
        require(subject_valid(hole.symbol) && hole.symbol.at > status->holes.at && hole.count > 0);
    status_backfill_t backfill;
    walk = json_walk(status->backfill);
    while (status_next_backfill(&walk, &backfill))
        require(subject_valid(backfill.symbol) && backfill.symbol.at > status->backfill.at);
    text_t channel;
    bool latest;
    walk = json_walk(status->channels);
    while (status_next_channel(&walk, &channel, &latest))
        require(channel_valid(channel) && channel.at > status->channels.at);
}

static void check_same(const status_t *a, const status_t *b)
{
    require(a->event == b->event && a->connected == b->connected && a->demand == b->demand);
    require(text_equal(a->source, b->source) && text_equal(a->symbols, b->symbols));
    require(a->since_ns == b->since_ns && a->time_ns == b->time_ns && a->epoch == b->epoch);
    require(a->trades == b->trades && a->duplicates == b->duplicates && a->malformed == b->malformed);
    require(text_equal(a->breaker, b->breaker) && a->health == b->health && text_equal(a->stale, b->stale));
    require(text_equal(a->failing, b->failing) && text_equal(a->channels, b->channels));
    require(text_equal(a->holes, b->holes) && text_equal(a->backfill, b->backfill));
    require(a->gaps == b->gaps && a->reconnects == b->reconnects);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    status_t status, again;
    if (!status_parse((text_t){(const char *)data, size}, &status))
        return 0;
    check_symbols(&status);
    buffer_t out = buffer_new(0);
    status_print(&out, &status);
    require(buffer_ok(&out) && status_parse(buffer_text(&out), &again));
    check_same(&status, &again);
    buffer_release(&out);
    return 0;
}
