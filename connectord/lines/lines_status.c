#include "connectord/lines/lines_status.h"

#include <assert.h>

/* Which line speaks for all. `each` is what each line says of itself. */
static size_t representative(const line_view_t *lines, size_t count, const line_view_t *lost, const status_t *each)
{
    size_t best = lost ? (size_t)(lost - lines) : 0;
    for (size_t i = 0; i < count; i++) {
        if (!lines[i].up)
            continue;
        if (!lines[best].up || each[i].health > each[best].health)
            best = i;
    }
    return best;
}

/* Does its subscription fail on every line that is up? */
static bool fails_everywhere(const line_view_t *lines, size_t count, text_t symbol)
{
    for (size_t i = 0; i < count; i++)
        if (lines[i].up && source_failure(lines[i].source, symbol).length == 0)
            return false;
    return true;
}

/* What fails on one line comes by the others. `said`: what the representative says of itself. */
static text_t print_failing(const line_view_t *lines, size_t count, text_t said, buffer_t *failing)
{
    text_t symbol, reason;
    buffer_clear(failing);
    buffer_append(failing, TEXT("{"));
    for (json_walk_t walk = json_walk(said); status_next_failing(&walk, &symbol, &reason);) {
        if (!fails_everywhere(lines, count, symbol))
            continue;
        if (failing->length > 1)
            buffer_append(failing, TEXT(","));
        status_put_failing(failing, symbol, source_failure(lines[0].source, symbol));
    }
    buffer_append(failing, TEXT("}"));
    return buffer_ok(failing) ? buffer_text(failing) : TEXT("{}");
}

static void add_counters(status_t *sum, const status_t *line)
{
    sum->trades += line->trades;
    sum->duplicates += line->duplicates;
    sum->malformed += line->malformed;
    sum->gaps += line->gaps;
    sum->reconnects += line->reconnects;
    sum->refused += line->refused;
    sum->retries += line->retries;
    sum->resubscribes += line->resubscribes;
    if (line->backoff_ms > sum->backoff_ms)
        sum->backoff_ms = line->backoff_ms;
}

static void take_counters(status_t *status, const status_t *sum)
{
    status->trades = sum->trades;
    status->duplicates = sum->duplicates;
    status->malformed = sum->malformed;
    status->gaps = sum->gaps;
    status->reconnects = sum->reconnects;
    status->refused = sum->refused;
    status->retries = sum->retries;
    status->resubscribes = sum->resubscribes;
    status->backoff_ms = sum->backoff_ms;
}

void lines_status_describe(status_t *status, const line_view_t *lines, size_t count, const line_view_t *lost,
                           const line_view_t *telling, buffer_t *failing)
{
    assert(count >= 1 && count <= LINES_MAX);
    status_t each[LINES_MAX] = {0}, sum = {0};
    size_t up = 0;
    for (size_t i = 0; i < count; i++) {
        source_describe(lines[i].source, &each[i]);
        add_counters(&sum, &each[i]);
        up += lines[i].up;
    }
    *status = each[telling ? (size_t)(telling - lines) : representative(lines, count, lost, each)];
    take_counters(status, &sum);
    if (up > 1 && status->failing.length > TEXT("{}").length)
        status->failing = print_failing(lines, count, status->failing, failing);
    status->connected = up > 0;
}
