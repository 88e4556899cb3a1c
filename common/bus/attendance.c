#include "common/bus/attendance.h"

#include "common/clock.h"
#include "common/table.h"

#include <stdlib.h>

typedef struct {
    int64_t heard_ns;
    size_t length;
    char name[SOURCE_MAX];
} attendee_t;

struct attendance {
    table_t *sources;  /* → attendee_t; owned */
    int64_t heard_ns;  /* when the newest status was sent */
    int64_t run_ns;    /* since when there has been no pause */
    int64_t looked_ns; /* when all were looked through last */
};

attendance_t *attendance_new(void)
{
    attendance_t *self = calloc(1, sizeof *self);
    if (self && !(self->sources = table_new()))
        attendance_destroy(&self);
    return self;
}

void attendance_destroy(attendance_t **self_p)
{
    attendance_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    size_t at = 0;
    attendee_t *attendee;
    while (self->sources && (attendee = table_each(self->sources, &at)))
        free(attendee);
    table_destroy(&self->sources);
    free(self);
}

static attendee_t *attendee_of(attendance_t *self, text_t source)
{
    attendee_t *attendee = table_get(self->sources, source);
    if (attendee || table_count(self->sources) >= ATTENDANCE_SOURCES_MAX || source.length > SOURCE_MAX)
        return attendee;
    attendee = calloc(1, sizeof *attendee);
    if (!attendee)
        return NULL;
    memcpy(attendee->name, source.at, source.length);
    attendee->length = source.length;
    if (!table_put(self->sources, source, attendee)) {
        free(attendee);
        return NULL;
    }
    return attendee;
}

/* The clock was set back: nobody was heard later than now. */
static void set_back(attendance_t *self, int64_t sent_ns)
{
    size_t at = 0;
    attendee_t *attendee;
    while ((attendee = table_each(self->sources, &at)))
        if (attendee->heard_ns > sent_ns)
            attendee->heard_ns = sent_ns;
}

void attendance_note(attendance_t *self, text_t source, int64_t sent_ns)
{
    if (sent_ns < self->heard_ns)
        set_back(self, sent_ns);
    if (sent_ns < self->heard_ns || sent_ns - self->heard_ns > ATTENDANCE_PAUSE_MS * NS_PER_MS)
        self->run_ns = sent_ns;
    self->heard_ns = sent_ns;
    attendee_t *attendee = attendee_of(self, source);
    if (attendee)
        attendee->heard_ns = sent_ns;
}

void attendance_forget(attendance_t *self, text_t source)
{
    free(table_remove(self->sources, source));
}

size_t attendance_take_absent(attendance_t *self, char name[static SOURCE_MAX])
{
    int64_t latest_ns = self->heard_ns - ATTENDANCE_ABSENT_MS * NS_PER_MS;
    if (self->run_ns > latest_ns || (self->heard_ns >= self->looked_ns && self->heard_ns - self->looked_ns < NS_PER_S))
        return 0;
    size_t at = 0;
    attendee_t *attendee;
    while ((attendee = table_each(self->sources, &at))) {
        if (attendee->heard_ns > latest_ns)
            continue;
        size_t length = attendee->length;
        memcpy(name, attendee->name, length);
        attendance_forget(self, (text_t){name, length});
        return length;
    }
    self->looked_ns = self->heard_ns; /* to look through all with each status would cost the square of their number */
    return 0;
}
