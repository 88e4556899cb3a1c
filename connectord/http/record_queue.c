#include "connectord/http/record_queue.h"

#include "common/array.h"

#include <stdlib.h>

enum { TEXTS = 7, TEXTS_BYTES_MAX = 256 << 20 };

record_queue_t record_queue_new(void)
{
    return (record_queue_t){.texts = buffer_new(TEXTS_BYTES_MAX)};
}

void record_queue_release(record_queue_t *self)
{
    free(self->records);
    buffer_release(&self->texts);
    *self = record_queue_new();
}

void record_queue_clear(record_queue_t *self)
{
    self->count = self->taken = 0;
    buffer_clear(&self->texts);
}

/* Those of a trade that are the record's too are not among them. */
static void list_texts(mapping_record_t *record, text_t *texts[static TEXTS])
{
    text_t *all[TEXTS] = {&record->channel, &record->key,       &record->id,         &record->timestamp,
                          &record->data,    &record->trade.qty, &record->trade.price};
    memcpy(texts, all, sizeof all);
}

bool record_queue_put(record_queue_t *self, const mapping_record_t *record)
{
    text_t *texts[TEXTS];
    size_t start = self->texts.length;
    if (!ARRAY_RESERVE(&self->records, &self->room, self->count + 1, RECORD_QUEUE_MAX))
        return false;
    queued_record_t *queued = &self->records[self->count];
    *queued = (queued_record_t){*record, start, record_is_trade(&record->trade)};
    if (record_is_trade(&record->trade))
        queued->record.data = (text_t){"", 0};
    else
        queued->record.trade.qty = queued->record.trade.price = (text_t){"", 0};
    list_texts(&queued->record, texts);
    for (size_t i = 0; i < TEXTS; i++)
        buffer_append(&self->texts, *texts[i]);
    if (!buffer_ok(&self->texts)) {
        buffer_cut(&self->texts, start);
        return false;
    }
    self->count++;
    return true;
}

void record_queue_reverse(record_queue_t *self)
{
    for (size_t i = 0, j = self->count; i + 1 < j; i++) {
        queued_record_t last = self->records[--j];
        self->records[j] = self->records[i];
        self->records[i] = last;
    }
}

bool record_queue_take(record_queue_t *self, mapping_record_t *record)
{
    text_t *texts[TEXTS];
    if (self->taken == self->count)
        return false;
    const queued_record_t *queued = &self->records[self->taken++];
    const char *at = self->texts.bytes + queued->texts;
    *record = queued->record;
    list_texts(record, texts);
    for (size_t i = 0; i < TEXTS; i++) {
        texts[i]->at = at;
        at += texts[i]->length;
    }
    record->trade.symbol = record->key;
    record->trade.timestamp = record->timestamp;
    record->trade.id = record->id;
    record->trade.channel = queued->is_trade ? (text_t){"", 0} : record->channel;
    record->trade.data = record->data;
    return true;
}
