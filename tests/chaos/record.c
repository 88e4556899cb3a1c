#include "tests/chaos/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 1 << 16 };

/* FNV-1a, a word at a time; never 0, which says "not seen". */
static uint32_t fingerprint(const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037u, word;
    size_t at = 0;
    for (; at + sizeof word <= length; at += sizeof word) {
        memcpy(&word, text + at, sizeof word);
        hash = (hash ^ word) * 1099511628211u;
        hash ^= hash >> 32;
    }
    for (; at < length; at++)
        hash = (hash ^ (unsigned char)text[at]) * 1099511628211u;
    return (uint32_t)(hash ^ hash >> 32) | 1u;
}

static bool read_number(const char **at, const char *end, const char *name, uint64_t *value)
{
    size_t length = strlen(name);
    if ((size_t)(end - *at) <= length || memcmp(*at, name, length) != 0)
        return false;
    const char *digit = *at + length;
    for (*value = 0; digit < end && *digit >= '0' && *digit <= '9'; digit++)
        *value = *value * 10 + (uint64_t)(*digit - '0');
    *at = digit;
    return true;
}

bool place_read(const char *json, size_t length, record_place_t *place)
{
    static const char name[] = "\"symbol\":\"";
    const char *at = json, *end = json + length;
    if (!read_number(&at, end, "{\"epoch\":", &place->epoch) || !read_number(&at, end, ",\"seq\":", &place->seq))
        return false;
    const char *symbol = memmem(at, (size_t)(end - at), name, strlen(name));
    if (!symbol)
        return false;
    place->symbol = symbol + strlen(name);
    const char *quote = memchr(place->symbol, '"', (size_t)(end - place->symbol));
    place->symbol_length = quote ? (size_t)(quote - place->symbol) : 0;
    return quote != NULL;
}

bool record_init(storm_record_t *self, const char *symbols)
{
    *self = (storm_record_t){0};
    while (*symbols) {
        size_t length = strcspn(symbols, ",");
        if (length == 0 || length >= RECORD_SYMBOL_MAX || self->count == RECORD_SYMBOLS_MAX)
            return false;
        memcpy(self->streams[self->count++].symbol, symbols, length);
        symbols += length;
        symbols += *symbols == ',';
    }
    return self->count > 0;
}

int record_find(const storm_record_t *self, const char *symbol, size_t length)
{
    for (size_t i = 0; i < self->count; i++) {
        const char *name = self->streams[i].symbol;
        if (strlen(name) == length && memcmp(name, symbol, length) == 0)
            return (int)i;
    }
    return -1;
}

static bool make_room(record_stream_t *self, uint64_t seq)
{
    if (seq < self->capacity)
        return true;
    size_t wider = self->capacity ? self->capacity : CAPACITY_FIRST;
    while (wider <= seq)
        wider *= 2;
    uint32_t *room = realloc(self->fingerprints, wider * sizeof *room);
    if (!room)
        return false;
    memset(room + self->capacity, 0, (wider - self->capacity) * sizeof *room);
    self->fingerprints = room;
    self->capacity = wider;
    return true;
}

bool record_see(record_stream_t *self, const record_place_t *place, const char *json, size_t length)
{
    if (self->epoch == 0)
        self->epoch = place->epoch;
    if (place->epoch != self->epoch)
        return true; /* the client counts it */
    if (!make_room(self, place->seq))
        return false;
    uint32_t found = fingerprint(json, length), *seen = &self->fingerprints[place->seq];
    if (*seen == 0)
        *seen = found;
    else
        self->differing += *seen != found;
    return true;
}

static void judge_trade(const record_stream_t *self, const char *json, size_t length, record_verdict_t *verdict)
{
    record_place_t place;
    if (!place_read(json, length, &place))
        return;
    if (verdict->journaled++ == 0)
        verdict->first = place.seq;
    else if (place.seq != verdict->last + 1)
        verdict->holes++;
    verdict->last = place.seq;
    uint32_t seen = place.epoch == self->epoch && place.seq < self->capacity ? self->fingerprints[place.seq] : 0;
    if (seen == 0)
        verdict->unseen++;
    else if (seen == fingerprint(json, length))
        verdict->same++;
    else
        verdict->differing++;
}

bool record_judge(const storm_record_t *self, int stream, const char *path, record_verdict_t *verdict)
{
    *verdict = (record_verdict_t){0};
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, file)) > 0) {
        const char *at = line, *end = line + length, *begin, *close;
        /* The simulator's trades hold no brace inside. */
        while ((begin = memmem(at, (size_t)(end - at), "{\"epoch\":", 9)) &&
               (close = memchr(begin, '}', (size_t)(end - begin)))) {
            at = close + 1;
            judge_trade(&self->streams[stream], begin, (size_t)(at - begin), verdict);
        }
    }
    bool ok = !ferror(file);
    free(line);
    fclose(file);
    return ok;
}

void record_release(storm_record_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->streams[i].fingerprints);
    *self = (storm_record_t){0};
}
