#include "common/bus/source_presence.h"

#include "common/clock.h"
#include "common/table.h"

#include <stdlib.h>

typedef struct {
    int64_t heard_ns;
    size_t length;
    char name[SOURCE_MAX];
} present_source_t;

struct source_presence {
    table_t *sources;  /* → present_source_t; owned */
    int64_t heard_ns;  /* when the newest status was sent */
    int64_t run_ns;    /* since when there has been no pause */
    int64_t looked_ns; /* when all were looked through last */
};

source_presence_t *source_presence_new(void)
{
    source_presence_t *self = calloc(1, sizeof *self);
    if (self && !(self->sources = table_new()))
        source_presence_destroy(&self);
    return self;
}

void source_presence_destroy(source_presence_t **self_p)
{
    source_presence_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    size_t at = 0;
    present_source_t *present;
    while (self->sources && (present = table_each(self->sources, &at)))
        free(present);
    table_destroy(&self->sources);
    free(self);
}

static present_source_t *present_source_of(source_presence_t *self, text_t source)
{
    present_source_t *present = table_get(self->sources, source);
    if (present || table_count(self->sources) >= SOURCE_PRESENCE_SOURCES_MAX || source.length > SOURCE_MAX)
        return present;
    present = calloc(1, sizeof *present);
    if (!present)
        return NULL;
    memcpy(present->name, source.at, source.length);
    present->length = source.length;
    if (!table_put(self->sources, source, present)) {
        free(present);
        return NULL;
    }
    return present;
}

/* The clock was set back: nobody was heard later than now. */
static void set_back(source_presence_t *self, int64_t sent_ns)
{
    size_t at = 0;
    present_source_t *present;
    while ((present = table_each(self->sources, &at)))
        if (present->heard_ns > sent_ns)
            present->heard_ns = sent_ns;
}

void source_presence_note(source_presence_t *self, text_t source, int64_t sent_ns)
{
    if (sent_ns < self->heard_ns)
        set_back(self, sent_ns);
    if (sent_ns < self->heard_ns || sent_ns - self->heard_ns > SOURCE_PRESENCE_PAUSE_MS * NS_PER_MS)
        self->run_ns = sent_ns;
    self->heard_ns = sent_ns;
    present_source_t *present = present_source_of(self, source);
    if (present)
        present->heard_ns = sent_ns;
}

void source_presence_forget(source_presence_t *self, text_t source)
{
    free(table_remove(self->sources, source));
}

size_t source_presence_take_absent(source_presence_t *self, char name[static SOURCE_MAX])
{
    int64_t latest_ns = self->heard_ns - SOURCE_PRESENCE_ABSENT_MS * NS_PER_MS;
    if (self->run_ns > latest_ns || (self->heard_ns >= self->looked_ns && self->heard_ns - self->looked_ns < NS_PER_S))
        return 0;
    size_t at = 0;
    present_source_t *present;
    while ((present = table_each(self->sources, &at))) {
        if (present->heard_ns > latest_ns)
            continue;
        size_t length = present->length;
        memcpy(name, present->name, length);
        source_presence_forget(self, (text_t){name, length});
        return length;
    }
    self->looked_ns = self->heard_ns; /* to look through all with each status would cost the square of their number */
    return 0;
}
