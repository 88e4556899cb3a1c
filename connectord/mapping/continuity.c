#include "connectord/mapping/continuity.h"

#include "common/table.h"

#include <stdlib.h>

typedef struct {
    text_t name;
    uint64_t last;
    char text[];
} numbering_t;

struct continuity {
    table_t *numberings; /* numbering_t, owned, by subject; of the connection by the channel alone */
};

continuity_t *continuity_new(void)
{
    continuity_t *self = calloc(1, sizeof *self);
    if (self && !(self->numberings = table_new()))
        continuity_destroy(&self);
    return self;
}

void continuity_begin(continuity_t *self)
{
    numbering_t *numbering;
    while ((numbering = table_each(self->numberings, &(size_t){0}))) {
        table_remove(self->numberings, numbering->name);
        free(numbering);
    }
}

void continuity_destroy(continuity_t **self_p)
{
    continuity_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    if (self->numberings)
        continuity_begin(self);
    table_destroy(&self->numberings);
    free(self);
}

/* Without memory nothing is known of it yet. */
static void begin(continuity_t *self, text_t name, uint64_t number)
{
    numbering_t *numbering = malloc(sizeof *numbering + name.length);
    if (!numbering)
        return;
    memcpy(numbering->text, name.at, name.length);
    numbering->name = (text_t){numbering->text, name.length};
    numbering->last = number;
    if (!table_put(self->numberings, numbering->name, numbering))
        free(numbering);
}

bool continuity_goes_on(continuity_t *self, const mapping_record_t *record, uint64_t *expected)
{
    char subject[SUBJECT_MAX];
    const rule_continuity_t *continuity = record->continuity;
    if (!continuity)
        return true;
    text_t name =
        continuity->by_key ? (text_t){subject, subject_print(subject, record->channel, record->key)} : record->channel;
    numbering_t *numbering = table_get(self->numberings, name);
    if (!numbering) {
        begin(self, name, record->number);
        return true;
    }
    uint64_t last = numbering->last;
    *expected = last + 1;
    if (continuity->rule == CONTINUITY_RISING) {
        numbering->last = record->number;
        return record->number >= last;
    }
    if (record->number > last)
        numbering->last = record->number;
    return record->number <= last || record->number == *expected;
}
