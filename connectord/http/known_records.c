#include "connectord/http/known_records.h"

#include "common/array.h"
#include "common/hash.h"
#include "common/table.h"

#include <stdlib.h>

enum { ID_MAX = 4096, HASH_BYTES = 8 };

/* An id, and the hash of what came under it. */
typedef struct {
    size_t length;
    char text[];
} known_id_t;

/* Where a key, or all of them, have come to. */
typedef struct {
    int64_t ns;
    size_t id_length;
    char id[TRADE_ID_MAX]; /* a longer one is not kept */
} known_place_t;

typedef struct {
    text_t key;
    table_t *ids;
    known_id_t **ring; /* owned, from the oldest to the newest */
    size_t count, room;
    size_t unsettled; /* of them, at the end */
    size_t seen;      /* since the last settling */
    size_t window;
    known_place_t now, settled;
    char key_text[];
} known_key_t;

struct known_records {
    table_t *keys; /* known_key_t, owned */
    known_place_t now, settled;
};

/* --- places --- */

static void move_on(known_place_t *self, const mapping_record_t *record)
{
    self->ns = record->timestamp_ns > self->ns ? record->timestamp_ns : self->ns;
    if (record->id.length == 0 || record->id.length > sizeof self->id)
        return;
    memcpy(self->id, record->id.at, record->id.length);
    self->id_length = record->id.length;
}

/* --- keys --- */

static void drop(known_key_t *self, size_t number)
{
    known_id_t *id = self->ring[number];
    table_remove(self->ids, (text_t){id->text, id->length});
    free(id);
}

static void key_destroy(known_key_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->ring[i]);
    free(self->ring);
    table_destroy(&self->ids);
    free(self);
}

static known_key_t *key_add(known_records_t *self, text_t key)
{
    known_key_t *added = table_count(self->keys) < KNOWN_RECORDS_KEYS ? calloc(1, sizeof *added + key.length) : NULL;
    if (!added)
        return NULL;
    memcpy(added->key_text, key.at, key.length);
    added->key = (text_t){added->key_text, key.length};
    added->window = KNOWN_RECORDS_MIN;
    if ((added->ids = table_new()) && table_put(self->keys, added->key, added))
        return added;
    key_destroy(added);
    return NULL;
}

static known_key_t *key_of(known_records_t *self, text_t key)
{
    known_key_t *known = table_get(self->keys, key);
    return known ? known : key_add(self, key);
}

/* Those that are too many go: the oldest. */
static void settle(known_key_t *self)
{
    size_t wanted = self->seen * 2;
    self->window = wanted > self->window ? wanted : self->window;
    self->window = self->window < KNOWN_RECORDS_MAX ? self->window : KNOWN_RECORDS_MAX;
    size_t extra = self->count > self->window ? self->count - self->window : 0;
    for (size_t i = 0; i < extra; i++)
        drop(self, i);
    if (extra > 0)
        memmove(self->ring, self->ring + extra, (self->count - extra) * sizeof(known_id_t *));
    self->count -= extra;
    self->unsettled = self->seen = 0;
    self->settled = self->now;
}

static void revert(known_key_t *self)
{
    for (; self->unsettled > 0; self->unsettled--)
        drop(self, --self->count);
    self->seen = 0;
    self->now = self->settled;
}

/* --- records --- */

static uint64_t content_hash(const mapping_record_t *record)
{
    const trade_t *trade = &record->trade;
    uint64_t hash = hash_mix(text_hash(record->timestamp), text_hash(record->channel));
    if (!record_is_trade(trade))
        return hash_mix(hash, text_hash(record->data));
    return hash_mix(hash_mix(hash_mix(hash, trade->side), text_hash(trade->price)), text_hash(trade->qty));
}

/* Its id and hash; empty: it has no id, or one that is too long. */
static text_t name_of(const mapping_record_t *record, char room[static ID_MAX + HASH_BYTES])
{
    uint64_t hash = content_hash(record);
    if (record->id.length == 0 || record->id.length > ID_MAX)
        return (text_t){room, 0};
    memcpy(room, record->id.at, record->id.length);
    memcpy(room + record->id.length, &hash, HASH_BYTES);
    return (text_t){room, record->id.length + HASH_BYTES};
}

bool known_records_has(known_records_t *self, const mapping_record_t *record)
{
    char room[ID_MAX + HASH_BYTES];
    char subject[SUBJECT_MAX];
    known_key_t *key = key_of(self, (text_t){subject, record_subject(subject, &record->trade)});
    if (!key)
        return false;
    text_t name = name_of(record, room);
    if (name.length == 0)
        return record->timestamp_ns <= key->settled.ns;
    bool known = table_get(key->ids, name);
    key->seen += known;
    return known;
}

void known_records_note(known_records_t *self, const mapping_record_t *record)
{
    char room[ID_MAX + HASH_BYTES];
    char subject[SUBJECT_MAX];
    known_key_t *key = key_of(self, (text_t){subject, record_subject(subject, &record->trade)});
    text_t name = name_of(record, room);
    move_on(&self->now, record);
    if (!key)
        return;
    move_on(&key->now, record);
    if (name.length == 0)
        return;
    known_id_t *id =
        ARRAY_RESERVE(&key->ring, &key->room, key->count + 1, ARRAY_UNBOUNDED) ? malloc(sizeof *id + name.length) : NULL;
    if (!id)
        return;
    memcpy(id->text, name.at, name.length);
    id->length = name.length;
    if (!table_put(key->ids, name, id)) {
        free(id);
        return;
    }
    key->ring[key->count++] = id;
    key->unsettled++;
    key->seen++;
}

void known_records_settle(known_records_t *self, text_t name)
{
    known_key_t *key = name.length > 0 ? table_get(self->keys, name) : NULL;
    if (key)
        settle(key);
    if (name.length > 0)
        return;
    for (size_t at = 0; (key = table_each(self->keys, &at));)
        settle(key);
    self->settled = self->now;
}

void known_records_revert(known_records_t *self)
{
    known_key_t *key;
    for (size_t at = 0; (key = table_each(self->keys, &at));)
        revert(key);
    self->now = self->settled;
}

static const known_place_t *place_of(const known_records_t *self, text_t name)
{
    static const known_place_t nowhere;
    const known_key_t *key = name.length > 0 ? table_get(self->keys, name) : NULL;
    return name.length == 0 ? &self->now : key ? &key->now : &nowhere;
}

text_t known_records_last_id(const known_records_t *self, text_t key)
{
    const known_place_t *place = place_of(self, key);
    return (text_t){place->id, place->id_length};
}

int64_t known_records_last_ns(const known_records_t *self, text_t key)
{
    return place_of(self, key)->ns;
}

known_records_t *known_records_new(void)
{
    known_records_t *self = calloc(1, sizeof *self);
    if (self && !(self->keys = table_new()))
        known_records_destroy(&self);
    return self;
}

void known_records_destroy(known_records_t **self_p)
{
    known_records_t *self = *self_p;
    known_key_t *key;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t at = 0; self->keys && (key = table_each(self->keys, &at));)
        key_destroy(key);
    table_destroy(&self->keys);
    free(self);
}
