#include "tests/simulator/outbox.h"

#include <stdint.h>
#include <stdlib.h>

enum { HEADER_MAX = 10, SPARES_MAX = 16 };

typedef struct outbox_run {
    struct outbox_run *next;
    size_t capacity;
    size_t length;
    unsigned char bytes[];
} outbox_run_t;

struct outbox {
    outbox_run_t *first, *last; /* oldest to newest; only `last` is appended to */
    outbox_run_t *spares;       /* empty ones of the common size: no allocation in the steady state */
    size_t spare_count;
    size_t length;
    size_t capacity;
};

outbox_t *outbox_new(size_t capacity_bytes)
{
    outbox_t *self = calloc(1, sizeof *self);
    if (self)
        self->capacity = capacity_bytes;
    return self;
}

void outbox_destroy(outbox_t **self)
{
    if (!*self)
        return;
    outbox_clear(*self);
    while ((*self)->spares) {
        outbox_run_t *spare = (*self)->spares;
        (*self)->spares = spare->next;
        free(spare);
    }
    free(*self);
    *self = NULL;
}

static outbox_run_t *run_new(outbox_t *outbox, size_t needed)
{
    outbox_run_t *run = outbox->spares;
    if (run && needed <= OUTBOX_RUN_BYTES) {
        outbox->spares = run->next;
        outbox->spare_count--;
    } else {
        const size_t capacity = needed > OUTBOX_RUN_BYTES ? needed : OUTBOX_RUN_BYTES;
        run = malloc(sizeof *run + capacity);
        if (!run)
            return NULL;
        run->capacity = capacity;
    }
    run->next = NULL;
    run->length = 0;
    return run;
}

static void run_release(outbox_t *outbox, outbox_run_t *run)
{
    if (run->capacity != OUTBOX_RUN_BYTES || outbox->spare_count == SPARES_MAX) {
        free(run);
        return;
    }
    run->next = outbox->spares;
    outbox->spares = run;
    outbox->spare_count++;
}

/* A run with room for so many bytes more. */
static outbox_run_t *outbox_room(outbox_t *self, size_t needed)
{
    if (self->last && self->last->capacity - self->last->length >= needed)
        return self->last;
    outbox_run_t *run = run_new(self, needed);
    if (!run)
        return NULL;
    if (self->last)
        self->last->next = run;
    else
        self->first = run;
    return self->last = run;
}

/* Writes a frame's header and returns its length. */
static size_t header_write(unsigned char *out, outbox_frame_t frame, uint64_t payload_length)
{
    const size_t length_bytes = payload_length < 126 ? 0 : payload_length <= UINT16_MAX ? 2 : 8;
    out[0] = (unsigned char)frame;
    out[1] = length_bytes == 0 ? (unsigned char)payload_length : length_bytes == 2 ? 126 : 127;
    for (size_t i = 0; i < length_bytes; i++)
        out[2 + i] = (unsigned char)(payload_length >> (8 * (length_bytes - 1 - i)));
    return 2 + length_bytes;
}

char *outbox_append(outbox_t *self, outbox_frame_t frame, size_t payload_length)
{
    const size_t most = HEADER_MAX + payload_length;
    if (most > self->capacity - self->length)
        return NULL;
    outbox_run_t *run = outbox_room(self, most);
    if (!run)
        return NULL;
    const size_t header = header_write(run->bytes + run->length, frame, payload_length);
    char *payload = (char *)run->bytes + run->length + header;
    run->length += header + payload_length;
    self->length += header + payload_length;
    return payload;
}

size_t outbox_length(const outbox_t *self)
{
    return self->length;
}

unsigned char *outbox_run(outbox_t *self, size_t *length)
{
    if (!self->first)
        return NULL;
    *length = self->first->length;
    return self->first->bytes;
}

void outbox_run_sent(outbox_t *self)
{
    outbox_run_t *run = self->first;
    self->first = run->next;
    if (!self->first)
        self->last = NULL;
    self->length -= run->length;
    run_release(self, run);
}

void outbox_clear(outbox_t *self)
{
    while (self->first)
        outbox_run_sent(self);
}
