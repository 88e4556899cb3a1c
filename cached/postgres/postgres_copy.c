/* COPY in the binary form of PostgreSQL's manual ("COPY", File Formats). */
#include <endian.h>

#include "cached/postgres/postgres_store.h"

enum { CHUNK = 1 << 18, COLUMNS = 5 };

static const char begin[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* and the NUL behind it: flags and extension length are 0 */
_Static_assert(sizeof begin == 19, "a signature of 11 bytes, twice 4");

static void put_16(buffer_t *out, uint16_t value)
{
    value = htobe16(value);
    buffer_append(out, (text_t){(const char *)&value, sizeof value});
}

static void put_32(buffer_t *out, uint32_t value)
{
    value = htobe32(value);
    buffer_append(out, (text_t){(const char *)&value, sizeof value});
}

static void put_number(buffer_t *out, uint64_t value)
{
    value = htobe64(value);
    put_32(out, sizeof value);
    buffer_append(out, (text_t){(const char *)&value, sizeof value});
}

static void put_row(buffer_t *out, int64_t stream, const store_trade_t *trade)
{
    put_16(out, COLUMNS);
    put_number(out, (uint64_t)stream);
    put_number(out, trade->cursor.epoch);
    put_number(out, trade->cursor.seq);
    put_number(out, (uint64_t)trade->timestamp_ns);
    put_32(out, (uint32_t)trade->json.length);
    buffer_append(out, trade->json);
}

static bool flush(postgres_t *self)
{
    bool sent = buffer_ok(&self->text) && PQputCopyData(self->link.conn, self->text.bytes, (int)self->text.length) == 1;
    buffer_clear(&self->text);
    return sent;
}

static bool send_stream(postgres_t *self, const sorted_batch_stream_t *stream)
{
    for (size_t i = 0; i < stream->count; i++) {
        put_row(&self->text, stream->id, stream->trades[i]);
        if (self->text.length >= CHUNK && !flush(self))
            return false;
    }
    return true;
}

/* What the server says about all that was sent. Every result is taken, so that the connection is free again. */
static store_result_t conclude(postgres_t *self, char *error)
{
    store_result_t result = STORE_OK;
    for (PGresult *taken; result == STORE_OK && (taken = PQgetResult(self->link.conn)); PQclear(taken))
        result = postgres_link_check(&self->link, taken, error);
    return result;
}

store_result_t postgres_copy(postgres_t *self, char *error)
{
    const sorted_batch_stream_t *stream;
    store_result_t result = postgres_link_run(&self->link, NULL, error, "COPY dataflow.trade FROM STDIN (FORMAT binary)");
    if (result != STORE_OK)
        return result;
    buffer_clear(&self->text);
    buffer_append(&self->text, (text_t){begin, sizeof begin});
    bool sent = true;
    for (size_t i = 0; sent && (stream = sorted_batch_stream(self->batch, i)); i++)
        sent = send_stream(self, stream);
    put_16(&self->text, UINT16_MAX);
    sent = sent && flush(self);
    PQputCopyEnd(self->link.conn, sent ? NULL : "incomplete");
    return conclude(self, error);
}
