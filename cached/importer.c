#include "cached/importer.h"

#include <stdlib.h>

#include "common/timestamp.h"
#include "proto/topic.h"
#include "proto/trade.h"

enum { BATCH = 5000, LINE_MAX_BYTES = TRADE_MAX + 2 /* with its end */ };

/* One trade of the batch, with all that it needs to stay. */
typedef struct {
    char topic[TOPIC_MAX];
    char json[TRADE_MAX];
} row_t;

typedef struct {
    const store_kind_t *kind;
    void *store;
    row_t *rows;
    store_trade_t *trades;
    size_t count;
    import_counts_t *counts;
    char *error;
} import_t;

/* A line without its end. False when it is no trade. */
static bool take(import_t *self, text_t line)
{
    trade_t trade;
    row_t *row = &self->rows[self->count];
    store_trade_t *entry = &self->trades[self->count];
    if (line.length > TRADE_MAX || !trade_parse(line, &trade))
        return false;
    if (!timestamp_parse(trade.timestamp, &entry->timestamp_ns))
        entry->timestamp_ns = trade.received_ns;
    memcpy(row->json, line.at, line.length);
    entry->cursor = trade.cursor;
    entry->json = (text_t){row->json, line.length};
    entry->topic = (text_t){row->topic, topic_print(row->topic, trade.symbol, trade.source)};
    self->count++;
    return true;
}

static bool flush(import_t *self)
{
    size_t count = self->count;
    self->count = 0;
    return count == 0 || self->kind->append(self->store, self->trades, count, self->error) == STORE_OK;
}

static bool read_lines(import_t *self, FILE *in)
{
    char line[LINE_MAX_BYTES + 1];
    while (fgets(line, sizeof line, in)) {
        size_t length = strcspn(line, "\r\n");
        self->counts->read++;
        if (!take(self, (text_t){line, length})) {
            snprintf(self->error, STORE_ERROR_MAX, "line %llu: expected a trade as it was exported, found %.60s",
                     (unsigned long long)self->counts->read, line);
            return false;
        }
        if (self->count == BATCH && !flush(self))
            return false;
    }
    return flush(self);
}

static bool add_up(void *arg, const store_stream_t *stream)
{
    *(uint64_t *)arg += stream->trades;
    return true;
}

static bool count_stored(import_t *self, uint64_t *trades)
{
    *trades = 0;
    return self->kind->load(self->store, add_up, trades, self->error) == STORE_OK;
}

bool import_trades(FILE *in, const store_kind_t *kind, const char *url, import_counts_t *counts, char *error)
{
    import_t self = {.kind = kind, .counts = counts, .error = error};
    uint64_t before, after;
    bool good = false;
    *counts = (import_counts_t){0};
    self.rows = calloc(BATCH, sizeof *self.rows);
    self.trades = calloc(BATCH, sizeof *self.trades);
    snprintf(error, STORE_ERROR_MAX, "no memory");
    if (!self.rows || !self.trades || kind->open(url, &self.store, error) != STORE_OK || !count_stored(&self, &before))
        goto done;
    good = read_lines(&self, in);
    if (!good && self.count > 0) { /* a bad line: what came before it is stored all the same */
        char ignored[STORE_ERROR_MAX];
        self.error = ignored;
        flush(&self);
    }
    if (count_stored(&self, &after) && after > before)
        counts->stored = after - before;
done:
    kind->close(self.store);
    free(self.rows);
    free(self.trades);
    return good;
}
