#include "connectord/lines/line_progress.h"

#define NO_LINE INT64_MAX

void line_progress_init(line_progress_t *self)
{
    *self = (line_progress_t){.newest_ns = 0};
    for (size_t i = 0; i < LINES_MAX; i++)
        self->passed_ns[i] = NO_LINE;
}

void line_progress_join(line_progress_t *self, size_t line)
{
    self->passed_ns[line] = self->newest_ns;
    self->began_ns[line] = 0;
}

void line_progress_leave(line_progress_t *self, size_t line)
{
    self->passed_ns[line] = NO_LINE;
    self->began_ns[line] = 0;
}

void line_progress_passed(line_progress_t *self, size_t line, int64_t time_ns)
{
    self->passed_ns[line] = time_ns;
    if (self->began_ns[line] == 0)
        self->began_ns[line] = time_ns;
    if (time_ns > self->newest_ns)
        self->newest_ns = time_ns;
}

int64_t line_progress_since_ns(const line_progress_t *self)
{
    int64_t since_ns = NO_LINE;
    for (size_t i = 0; i < LINES_MAX; i++)
        if (self->passed_ns[i] < since_ns)
            since_ns = self->passed_ns[i];
    return since_ns;
}

bool line_progress_covers(const line_progress_t *self, size_t line)
{
    for (size_t i = 0; i < LINES_MAX; i++) {
        int64_t began_ns = self->began_ns[i];
        bool behind = began_ns > 0 ? self->passed_ns[line] < began_ns : self->passed_ns[line] > self->passed_ns[i];
        if (i != line && self->passed_ns[i] != NO_LINE && behind)
            return false;
    }
    return true;
}
