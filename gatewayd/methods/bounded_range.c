#include "gatewayd/methods/bounded_range.h"

#include "gatewayd/history/stream_edges.h"

#include <stdlib.h>

typedef struct {
    task_t task;
    caller_t *caller;
    reply_t *reply;
    bounded_range_fn *go_on;
    history_call_t *call; /* for the floor, … */
    stream_end_t end;     /* … and then for the ceiling */
    arguments_t arguments;
    buffer_t from, to; /* of the arguments, which live no longer than the request */
    cursor_t floor, ceiling;
} bounded_range_t;

static void bounded_range_free(bounded_range_t *self)
{
    history_cancel(&self->call);
    stream_end_cancel(&self->end);
    list_remove(&self->task.in_caller);
    buffer_release(&self->from);
    buffer_release(&self->to);
    free(self);
}

static void give_up(bounded_range_t *self, const char *why)
{
    reply_error(self->reply, RPC_UNAVAILABLE, "%s", why);
    bounded_range_free(self);
}

static void cancel(task_t *task)
{
    give_up(LIST_OWNER(task, bounded_range_t, task), "The connection is closing");
}

/* A cursor that is absent, or beyond the bound, is the bound. */
static text_t within(const buffer_t *given, cursor_t bound, int beyond, char room[static CURSOR_MAX])
{
    cursor_t cursor;
    bool fits = given->length > 0 && cursor_parse(buffer_text(given), &cursor) && cursor_compare(cursor, bound) * beyond <= 0;
    return fits ? buffer_text(given) : (text_t){room, cursor_print(room, bound)};
}

static void proceed(bounded_range_t *self)
{
    char from[CURSOR_MAX], to[CURSOR_MAX];
    const period_t *visible = &self->arguments.visible;
    bool floored = visible->after_ns != INT64_MIN, ceiled = visible->before_ns != INT64_MAX;
    self->arguments.from = floored ? within(&self->from, self->floor, -1, from) : buffer_text(&self->from);
    self->arguments.to = ceiled ? within(&self->to, self->ceiling, 1, to) : buffer_text(&self->to);
    self->arguments.visible = PERIOD_ALL;
    self->go_on(self->caller, &self->arguments, self->reply);
    bounded_range_free(self);
}

static void on_ceiling(void *arg, edge_t found, cursor_t place)
{
    bounded_range_t *self = arg;
    self->ceiling = place; /* none: all is too new, and the range ends at 0 */
    if (found == EDGE_UNKNOWN)
        give_up(self, "History is not available now");
    else
        proceed(self);
}

static void find_ceiling(bounded_range_t *self)
{
    const arguments_t *arguments = &self->arguments;
    if (arguments->visible.before_ns == INT64_MAX)
        proceed(self);
    else if (!stream_end_find(&self->end, self->caller->hub->history, param_slice(&arguments->symbol),
                              param_slice(&arguments->source), arguments->visible.before_ns, on_ceiling, self))
        give_up(self, "History is not available now");
}

static void on_floor(void *arg, text_t answer)
{
    bounded_range_t *self = arg;
    self->call = NULL;
    edge_t found = stream_start_read(answer, &self->floor);
    if (found == EDGE_NONE)
        self->floor = (cursor_t){UINT64_MAX, UINT64_MAX}; /* everything is too old: it begins behind the end */
    if (found == EDGE_UNKNOWN)
        give_up(self, "History is not available now");
    else
        find_ceiling(self);
}

static void find_floor(bounded_range_t *self)
{
    const arguments_t *arguments = &self->arguments;
    if (arguments->visible.after_ns == INT64_MIN) {
        find_ceiling(self);
        return;
    }
    self->call = stream_start_ask(self->caller->hub->history, param_slice(&arguments->symbol), param_slice(&arguments->source),
                                  arguments->visible.after_ns, on_floor, self);
    if (!self->call)
        give_up(self, "History is not available now");
}

void bounded_range_find(caller_t *caller, const arguments_t *arguments, reply_t *reply, bounded_range_fn *go_on)
{
    bounded_range_t *self = malloc(sizeof *self);
    if (!self) {
        reply_error(reply, RPC_INTERNAL_ERROR, "Out of memory");
        return;
    }
    *self = (bounded_range_t){.task = {.cancel = cancel},
                              .caller = caller,
                              .reply = reply,
                              .go_on = go_on,
                              .arguments = *arguments,
                              .from = buffer_new(0),
                              .to = buffer_new(0)};
    buffer_append(&self->from, arguments->from);
    buffer_append(&self->to, arguments->to);
    list_init(&self->task.in_caller);
    list_append(&caller->tasks, &self->task.in_caller);
    if (buffer_ok(&self->from) && buffer_ok(&self->to))
        find_floor(self);
    else
        give_up(self, "Out of memory");
}
