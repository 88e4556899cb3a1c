#include "gatewayd/clients/client.h"

#include "gatewayd/forms/subject_form.h"
#include "gatewayd/history/page_frames.h"
#include "gatewayd/streams/notify.h"
#include "gatewayd/streams/ring.h"

#include <assert.h>
#include <stdlib.h>

enum { PUMP_TURNS = 16 /* writes before others get their turn */ };

static_assert((int)HUB_GATHERED_MAX >= (int)RING_RUN_MAX, "the first of several runs is copied whatever its length");

/* It took everything when this process stood still, which now hands over more than a peer can take in so short a time. */
static bool is_excused(const client_t *self)
{
    const hub_t *hub = self->talk.caller.hub;
    return hub_has_stood(hub) && (self->readers.choked_ns == 0 || self->readers.choked_ns >= hub->stood_ns);
}

/* What comes next was overwritten before the client took it. */
static void on_lapped(client_t *self, reader_t *reader)
{
    const ring_t *ring = reader->ring;
    bool catches_up = !reader->up_to_date; /* still, now from further back */
    if (reader->latest) {
        reader_seat(reader, reader->last);
        return;
    }
    if (catches_up || self->talk.caller.hub->limits.slow == SLOW_CATCHUP || is_excused(self)) {
        self->talk.caller.hub->counts.caught += !catches_up;
        reader_seat(reader, reader->last);
        return;
    }
    if (self->talk.caller.hub->limits.slow == SLOW_DISCONNECT) {
        char text[CURSOR_MAX];
        self->talk.caller.hub->counts.disconnected++;
        conversation_end(&self->talk, CLOSE_TRY_LATER, (text_t){text, cursor_print(text, reader->last)});
        return;
    }
    self->talk.caller.hub->counts.conflated++;
    reader_mark(reader, reader->last);
    page_frames_t page = {.symbol = reader->live_stream->symbol,
                          .source = reader->live_stream->source,
                          .dialect = self->talk.end.link->dialect,
                          .last = reader->last,
                          .to = ring_last(ring)};
    buffer_t batch = buffer_new(0);
    page_frames_give_up(&page, conversation_frames(&self->talk, reader->batch, &batch));
    conversation_batch(&self->talk, &batch);
    reader_seat(reader, page.last);
}

/* The next run of the first reader that has one. False: what is next goes out before it. */
static bool peek_run(client_t *self, run_t *run)
{
    reader_t *reader = LIST_OWNER(self->readers.ready.next, reader_t, in_queue);
    if (ring_lapped(reader->ring, reader->position)) {
        list_take(&self->readers.ready);
        on_lapped(self, reader);
        return false;
    }
    if (reader->latest && reader->position < ring_newest(reader->ring))
        reader->position = ring_newest(reader->ring);
    run->reader = reader;
    run->last = reader->last;
    run->text = ring_read(reader->ring, reader->position, &run->last);
    run->length = run->text.length;
    if (reader->batch) {
        text_t batch = ring_batch(reader->ring, reader->position, run->text, self->talk.end.link->deflates);
        run->text = batch.length > 0 ? batch : run->text;
    }
    return true;
}

/* A part of a catch-up. */
static void count_run(reader_t *reader, size_t taken)
{
    ring_sum_t sum = ring_sum(reader->ring, reader->position, reader->position + taken);
    reader->mark->count += sum.count;
    reader->mark->hash += sum.hash;
}

static void count_trades(client_t *self, uint64_t count)
{
    self->sent_trades += count;
    self->talk.caller.hub->counts.trades += count;
}

/* The peer has so much of the run. Back to the end of the queue, when there is more. */
static void advance(client_t *self, const run_t *run, size_t taken)
{
    reader_t *reader = run->reader;
    cursor_t last = run->last;
    if (taken == run->text.length)
        taken = run->length;
    else
        last = taken > 0 ? ring_cursor(reader->ring, reader->position + taken) : reader->last;
    if (reader->last.epoch == last.epoch)
        count_trades(self, last.seq - reader->last.seq);
    if (reader->marking)
        count_run(reader, taken);
    reader->last = last;
    reader->position += taken;
    reader_touch(reader);
}

/* Copies runs behind one another for as long as they are short and fit. */
static size_t gather(client_t *self, run_t *runs, char *room)
{
    size_t count = 0, length = 0;
    while (count < HUB_RUNS_MAX && !list_empty(&self->readers.ready) && self->talk.outbox.length == 0 &&
           !self->talk.end.closing) {
        run_t *run = &runs[count];
        if (!peek_run(self, run) || (count > 0 && run->text.length > HUB_GATHERED_MAX - length))
            break;
        list_take(&self->readers.ready);
        count++;
        if (count == 1 && (run->text.length >= CONVERSATION_COPIED_MAX || list_empty(&self->readers.ready)))
            break;
        memcpy(room + length, run->text.at, run->text.length);
        length += run->text.length;
    }
    return count;
}

/* A run goes out as it stands in the ring. Short ones of several readers go out together: a write costs more than a copy, and
 * who has many symbols would have one for each. */
static void send_runs(client_t *self)
{
    run_t *runs = self->talk.caller.hub->runs;
    size_t count = gather(self, runs, self->talk.caller.hub->gathered), length = 0, taken = 0;
    for (size_t i = 0; i < count; i++)
        length += runs[i].text.length;
    if (count > 0 && !self->talk.end.closing)
        taken = conversation_send_now(&self->talk,
                                      count == 1 ? runs[0].text : (text_t){self->talk.caller.hub->gathered, length}, NULL);
    for (size_t i = 0; i < count; i++) {
        size_t of_run = runs[i].text.length < taken ? runs[i].text.length : taken;
        taken -= of_run;
        advance(self, &runs[i], of_run);
    }
}

static void enter_again(client_t *self)
{
    if (self->talk.caller.hub->pace)
        pace_enter(self->talk.caller.hub->pace, &self->readers.turn);
    else
        conversation_wake(&self->talk);
}

static void note_choked(client_t *self)
{
    if (self->readers.choked_ns == 0)
        self->readers.choked_ns = hub_now_ns(self->talk.caller.hub);
}

/* Sends so many times at most. False: the link takes no more now, and wakes the client when it does. */
static bool pump(client_t *self, int turns)
{
    conversation_t *talk = &self->talk;
    while (turns-- > 0 && !talk->end.closing && !client_idle(self)) {
        bool queued = talk->outbox.length > 0;
        if (queued ? !conversation_send_outbox(talk) : !client_end_ready(&talk->end)) {
            note_choked(self);
            conversation_wake(talk);
            return false;
        }
        if (!queued)
            send_runs(self);
    }
    if (client_idle(self))
        self->readers.choked_ns = 0;
    turns_ready(&talk->caller.hub->turns, &talk->caller.asker);
    return true;
}

static void account_if_counted(client_t *self)
{
    if (self->talk.caller.account.bytes > 0 || self->talk.kept > 0)
        caller_account(&self->talk.caller);
}

static void pump_on(client_t *self)
{
    if (self->readers.behind == 0 && (!pump(self, PUMP_TURNS) || self->talk.end.closing))
        return;
    if (self->readers.behind > 0 && !self->talk.end.closing) /* maybe just now */
        pace_enter(self->talk.caller.hub->pace, &self->readers.turn);
    else if (!client_idle(self))
        conversation_wake(&self->talk);
}

static void take_turn(client_t *self)
{
    bool more = false;
    if (!pump(self, self->talk.caller.hub->pace ? 1 : PUMP_TURNS) || self->talk.end.closing)
        return;
    if (client_idle(self) && !list_empty(&self->readers.catching))
        more = self->talk.caller.hub->catch_up(&self->readers);
    if ((more || !client_idle(self)) && !self->talk.end.closing)
        enter_again(self);
}

static void on_turn(pace_turn_t *turn)
{
    client_t *self = LIST_OWNER(turn, client_t, readers.turn);
    take_turn(self);
    account_if_counted(self);
}

static void pump_readers(readers_t *readers)
{
    client_pump(LIST_OWNER(readers, client_t, readers));
}

static void tell_mark(readers_t *readers, const reader_t *reader)
{
    char name[SUBJECT_FORM_METHOD_MAX];
    const live_stream_t *live_stream = reader->live_stream;
    const reader_mark_t *mark = reader->mark;
    buffer_t params = buffer_new(0);
    notify_live(&params, live_stream->symbol, live_stream->source, mark->from, reader->last, mark->count, mark->hash);
    conversation_notify(readers->sink, subject_form_method(name, live_stream->symbol, TEXT("live")), buffer_text(&params));
    buffer_release(&params);
}

/* --- conversation_events_t --- */

static void on_released(conversation_t *talk)
{
    readers_release(&LIST_OWNER(talk, client_t, talk)->readers);
}

static void on_pump(conversation_t *talk)
{
    client_pump(LIST_OWNER(talk, client_t, talk));
}

static const conversation_events_t talk_events = {.released = on_released, .pump = on_pump};

client_t *client_new(hub_t *hub, const client_link_t *link, void *link_arg)
{
    client_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    readers_open(&self->readers, hub, &self->talk.end, &self->talk, pump_readers, tell_mark);
    pace_turn_init(&self->readers.turn, on_turn);
    conversation_open(&self->talk, hub, link, link_arg, &talk_events);
    self->talk.caller.client = self;
    hub->client_count++;
    self->id = ++hub->counts.clients;
    self->since_ns = hub_now_ns(hub);
    return self;
}

void client_destroy(client_t **self_p)
{
    client_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    conversation_cancel(&self->talk);
    readers_close(&self->readers);
    conversation_close(&self->talk);
    grant_close(&self->grant);
    self->talk.caller.hub->client_count--;
    free(self);
}

void client_pump(client_t *self)
{
    conversation_t *talk = &self->talk;
    if (talk->kept > 0 && !talk->end.link->counts && client_end_ready(&talk->end))
        talk->kept = 0;
    pump_on(self);
    account_if_counted(self);
}

bool client_idle(const client_t *self)
{
    return self->talk.outbox.length == 0 && list_empty(&self->readers.ready);
}
