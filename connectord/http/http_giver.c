#include "connectord/http/http_giver.h"

#include "common/clock.h"

enum {
    SLICE_RECORDS = 500,
    SLICE_PAUSE_MS = 1 /* in 0 others don't get their turn: libuv 1.44 runs a timer that starts itself with 0 again and again */
};

void http_giver_end_poll(http_source_t *self, http_poll_t *poll)
{
    int64_t now_ns = clock_mono_ns(), due_ns = poll->began_ns + self->definition.http->every_ms * NS_PER_MS;
    if (!web_is_held(self->web)) /* else what was given on is perhaps not kept */
        known_records_settle(self->known, http_poll_scope(poll));
    poll->state = HTTP_POLL_DUE;
    poll->due_ns = due_ns > now_ns && !poll->at_once ? due_ns : now_ns;
    poll->begun = false;
}

/* All of the page has been given on. */
static void end_page(http_source_t *self, http_poll_t *poll)
{
    record_queue_clear(&poll->queue);
    if (!poll->more) {
        http_giver_end_poll(self, poll);
        return;
    }
    poll->more = false;
    poll->state = HTTP_POLL_DUE;
    poll->due_ns = clock_mono_ns();
}

static void give_one(http_source_t *self, http_poll_t *poll)
{
    mapping_record_t record;
    if (!record_queue_take(&poll->queue, &record)) {
        end_page(self, poll);
        return;
    }
    if (!http_source_wants(self, record.channel, record.key) || known_records_has(self->known, &record))
        return;
    known_records_note(self->known, &record);
    self->events->on_trade(self->arg, &record.trade, NULL);
}

void http_giver_run(void *arg)
{
    http_source_t *self = arg;
    uint64_t connection = self->connection;
    http_poll_t *poll;
    for (int i = 0; i < SLICE_RECORDS && !web_is_held(self->web) && (poll = http_polls_giving(&self->polls)); i++) {
        give_one(self, poll);
        if (self->connection != connection)
            return;
    }
    if (http_polls_giving(&self->polls))
        loop_timer_start(self->giver, web_is_held(self->web) ? HTTP_SOURCE_HELD_MS : SLICE_PAUSE_MS, 0);
    http_source_wake(self);
}

void http_giver_start(http_source_t *self)
{
    loop_timer_start(self->giver, 0, 0);
}
