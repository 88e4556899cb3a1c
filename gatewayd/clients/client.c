#include "gatewayd/clients/client.h"

#include "gatewayd/clients/catchup.h"
#include "gatewayd/clients/pace.h"
#include "gatewayd/forms/frame.h"
#include "gatewayd/history/page_frames.h"
#include "gatewayd/methods/query.h"
#include "gatewayd/methods/subscribe.h"
#include "gatewayd/streams/notify.h"

#include <stdlib.h>

enum {
    PUMP_TURNS = 16,       /* writes before others get their turn */
    COPIED_MAX = 16384,    /* bytes; a longer run is sent from the ring, whatever else there is */
    OUTBOX_KEPT = 4096,    /* bytes; a larger outbox is given back when it has drained */
    OUTBOX_MAX = 64 << 20, /* bytes; one message may be larger than pending_bytes, but not than this */
};

/* What waits for it has changed. */
static void account(client_t *self)
{
    size_t bytes = self->kept + self->expected + rpc_batch_bytes(self->rpc);
    bytes += self->outbox.length > 0 ? self->outbox.capacity : 0;
    bytes += self->later.length > 0 ? self->later.capacity : 0;
    if (!budget_hold(&self->account, bytes))
        client_close(self, CLOSE_POLICY, TEXT("too many bytes wait to be read by clients"));
}

static void on_greedy(void *owner)
{
    client_close(owner, CLOSE_POLICY, TEXT("too many bytes wait to be read, and others need the memory"));
}

/* Of the frames that the link took it may have to keep the last one, where it is not ready: so much of them. */
static size_t kept_of(const client_t *self, text_t frames)
{
    text_t rest = frames, payload;
    size_t last = 0;
    if (self->link->ready(self->link_arg))
        return 0;
    for (const char *start = rest.at; frame_next(&rest, &payload); start = rest.at)
        last = (size_t)(rest.at - start);
    return last;
}

static void wake(client_t *self)
{
    account(self);
    if (!self->corked && !self->closing)
        self->link->wake(self->link_arg);
}

/* Is there room for so many bytes more? A single message may be of any length, else a client could never get it: what waits beside it
 * counts; and a little may wait beside it whatever others hold. */
static bool make_room(client_t *self, size_t length)
{
    size_t limit = self->hub->limits.pending_bytes;
    if (self->closing)
        return false;
    if (self->outbox.length == 0)
        self->longest = 0;
    bool little = self->outbox.length + length <= self->longest + BUDGET_LITTLE;
    if (length > limit && length > self->longest)
        self->longest = length;
    if (self->outbox.length + length <= limit + self->longest && (little || budget_admits(&self->account, length)))
        return true;
    self->hub->counts.overflowed++;
    client_close(self, CLOSE_POLICY, TEXT("too many bytes wait to be read"));
    return false;
}

size_t client_send_now(client_t *self, text_t frames)
{
    size_t taken = self->link->send(self->link_arg, frames);
    self->hub->counts.writes++;
    self->hub->counts.bytes += taken;
    if (!self->link->counts)
        self->kept = kept_of(self, (text_t){frames.at, taken});
    return taken;
}

static void send_outbox(client_t *self)
{
    size_t taken = client_send_now(self, buffer_text(&self->outbox));
    if (taken < self->outbox.length)
        buffer_consume(&self->outbox, taken);
    else if (self->outbox.capacity > OUTBOX_KEPT)
        buffer_release(&self->outbox);
    else
        buffer_clear(&self->outbox);
}

/* What is large has its share of the loop's time. False: it has to wait for it. */
static bool send_outbox_in_turn(client_t *self)
{
    bool large = self->outbox.length >= COPIED_MAX && !self->link->passing;
    if (large && !share_begin(self->hub->answers))
        return false;
    send_outbox(self);
    if (large)
        share_end(self->hub->answers);
    return true;
}

/* What comes next was overwritten before the client took it. */
static void on_lapped(client_t *self, reader_t *reader)
{
    const ring_t *ring = reader->ring;
    bool catches_up = !reader->up_to_date; /* still, now from further back */
    if (catches_up || self->hub->limits.slow == SLOW_CATCHUP) {
        self->hub->counts.caught += !catches_up;
        reader_seat(reader, reader->last);
        return;
    }
    if (self->hub->limits.slow == SLOW_DISCONNECT) {
        char text[CURSOR_MAX];
        self->hub->counts.disconnected++;
        client_close(self, CLOSE_TRY_LATER, (text_t){text, cursor_print(text, reader->last)});
        return;
    }
    self->hub->counts.conflated++;
    page_frames_t page = {reader->live_stream->symbol, reader->live_stream->source, self->link->dialect, reader->last,
                          ring_last(ring)};
    buffer_t batch = buffer_new(0);
    page_frames_give_up(&page, client_frames(self, reader, &batch));
    client_batch(self, &batch);
    reader_seat(reader, page.last);
}

/* The next run of the first reader that has one. False: what is next goes out before it. */
static bool peek_run(client_t *self, run_t *run)
{
    reader_t *reader = LIST_OWNER(self->ready.next, reader_t, in_queue);
    if (ring_lapped(reader->ring, reader->position)) {
        list_take(&self->ready);
        on_lapped(self, reader);
        return false;
    }
    run->reader = reader;
    run->last = reader->last;
    run->text = ring_read(reader->ring, reader->position, &run->last);
    run->length = run->text.length;
    if (reader->batch) {
        text_t batch = ring_batch(reader->ring, reader->position, run->text, self->link->deflates);
        run->text = batch.length > 0 ? batch : run->text;
    }
    return true;
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
        self->hub->counts.trades += last.seq - reader->last.seq;
    reader->last = last;
    reader->position += taken;
    reader_touch(reader);
}

/* Copies runs behind one another for as long as they are short and fit. */
static size_t gather(client_t *self, run_t *runs, char *room)
{
    size_t count = 0, length = 0;
    while (count < HUB_RUNS_MAX && !list_empty(&self->ready) && self->outbox.length == 0 && !self->closing) {
        run_t *run = &runs[count];
        if (!peek_run(self, run) || (count > 0 && run->text.length > RING_RUN_MAX - length))
            break;
        list_take(&self->ready);
        count++;
        if (count == 1 && (run->text.length >= COPIED_MAX || list_empty(&self->ready)))
            break;
        memcpy(room + length, run->text.at, run->text.length);
        length += run->text.length;
    }
    return count;
}

/* A run goes out as it stands in the ring. Short ones of several readers go out together: a write costs more than a copy, and who has many
 * symbols would have one for each. */
static void send_runs(client_t *self)
{
    run_t *runs = self->hub->runs;
    size_t count = gather(self, runs, self->hub->gathered), length = 0, taken = 0;
    for (size_t i = 0; i < count; i++)
        length += runs[i].text.length;
    if (count > 0 && !self->closing)
        taken = client_send_now(self, count == 1 ? runs[0].text : (text_t){self->hub->gathered, length});
    for (size_t i = 0; i < count; i++) {
        size_t of_run = runs[i].text.length < taken ? runs[i].text.length : taken;
        taken -= of_run;
        advance(self, &runs[i], of_run);
    }
}

/* Who does not take what there is gets no more from history meanwhile. */
static bool asker_ready(asker_t *asker)
{
    const client_t *self = LIST_OWNER(asker, client_t, asker);
    return !self->closing && self->outbox.length < COPIED_MAX && self->link->ready(self->link_arg);
}

client_t *client_new(hub_t *hub, const client_link_t *link, void *link_arg, const rpc_events_t *methods)
{
    client_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (client_t){
        .hub = hub, .link = link, .link_arg = link_arg, .outbox = buffer_new(OUTBOX_MAX), .later = buffer_new(OUTBOX_MAX)};
    list_t *lists[] = {&self->in_hub,    &self->in_catching, &self->in_pump,       &self->in_pace,
                       &self->in_asking, &self->in_page,     &self->subscriptions, &self->ready,
                       &self->catching,  &self->subscribes,  &self->queries};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        list_init(lists[i]);
    asker_init(&self->asker, asker_ready);
    self->rpc = rpc_new(methods, self, &hub->counts.rpc, link->dialect);
    if (!self->rpc) {
        free(self);
        return NULL;
    }
    budget_open(&self->account, hub->budget, on_greedy, self);
    list_append(&hub->clients, &self->in_hub);
    if (link->passing) {
        hub->call_count++;
        return self;
    }
    hub->client_count++;
    hub->counts.clients++;
    return self;
}

void client_destroy(client_t **self_p)
{
    client_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    self->closing = true;
    subscribe_cancel_all(self, NULL);
    query_cancel_all(self);
    list_t *item;
    while ((item = list_take(&self->subscriptions)))
        client_unsubscribe(self, LIST_OWNER(item, subscription_t, in_client));
    rpc_destroy(&self->rpc);
    buffer_release(&self->outbox);
    buffer_release(&self->later);
    budget_close(&self->account);
    list_remove(&self->in_hub);
    list_remove(&self->in_pump);
    list_remove(&self->in_pace);
    list_remove(&self->in_asking);
    list_remove(&self->in_page);
    if (self->link->passing)
        self->hub->call_count--;
    else
        self->hub->client_count--;
    free(self);
}

void client_receive(client_t *self, text_t message)
{
    self->corked = true;
    rpc_receive(self->rpc, message);
    self->corked = false;
    client_release(self);
    client_pump(self);
}

void client_refuse(client_t *self, int code, const char *message)
{
    rpc_refuse(self->rpc, code, message);
}

/* Sends so many times at most. False: the link takes no more now, and wakes the client when it does. */
static bool pump(client_t *self, int turns)
{
    while (turns-- > 0 && !self->closing && !client_idle(self)) {
        bool queued = self->outbox.length > 0;
        if (!self->link->ready(self->link_arg) || (queued && !send_outbox_in_turn(self))) {
            wake(self);
            return false;
        }
        if (!queued)
            send_runs(self);
    }
    turns_ready(&self->hub->turns, &self->asker);
    return true;
}

static bool is_counted(const client_t *self)
{
    return self->account.bytes > 0 || self->kept > 0;
}

static void pump_on(client_t *self)
{
    if (self->behind == 0 && (!pump(self, PUMP_TURNS) || self->closing))
        return;
    if (self->behind > 0 && !self->closing) /* maybe just now */
        pace_enter(self->hub->pace, self);
    else if (!client_idle(self))
        wake(self);
}

void client_pump(client_t *self)
{
    if (self->kept > 0 && !self->link->counts && self->link->ready(self->link_arg))
        self->kept = 0;
    pump_on(self);
    if (is_counted(self))
        account(self);
}

static void take_turn(client_t *self)
{
    if (!pump(self, self->hub->pace ? 1 : PUMP_TURNS) || self->closing)
        return;
    if (client_idle(self) && !list_empty(&self->catching))
        catchup_step(self);
    if (!client_idle(self) && !self->closing)
        client_enter_again(self);
}

void client_take_turn(client_t *self)
{
    take_turn(self);
    if (is_counted(self))
        account(self);
}

void client_enter_again(client_t *self)
{
    if (self->hub->pace)
        pace_enter(self->hub->pace, self);
    else
        wake(self);
}

bool client_idle(const client_t *self)
{
    return self->outbox.length == 0 && list_empty(&self->ready);
}

void client_send(client_t *self, text_t json)
{
    if (!make_room(self, frame_length(self->link->dialect, json)))
        return;
    frame_append(&self->outbox, self->link->dialect, json);
    wake(self);
}

void client_notify(client_t *self, text_t method, text_t params)
{
    if (!make_room(self, frame_notify_length(self->link->dialect, method, params)))
        return;
    frame_append_notification(&self->outbox, self->link->dialect, method, params);
    wake(self);
}

void client_send_frame(client_t *self, text_t frame)
{
    if (!make_room(self, frame.length))
        return;
    buffer_append(&self->outbox, frame);
    wake(self);
}

/* From where it stands, when nothing goes before it: most answers do, and large ones are not copied so. */
static bool send_in_place(client_t *self, text_t json)
{
    char header[FRAME_HEADER_MAX];
    if (self->closing || self->link->dialect != DIALECT_RPC || self->outbox.length > 0 || !self->link->ready(self->link_arg))
        return false;
    size_t length = frame_header(header, json.length);
    char *frame = (char *)(uintptr_t)json.at - length; /* there is room (rpc.h) */
    memcpy(frame, header, length);
    size_t whole = length + json.length, taken = client_send_now(self, (text_t){frame, whole});
    if (taken < whole)
        client_send_frame(self, (text_t){frame + taken, whole - taken});
    return true;
}

buffer_t *client_frames(client_t *self, const reader_t *reader, buffer_t *batch)
{
    return reader->batch ? batch : &self->outbox;
}

void client_batch(client_t *self, buffer_t *batch)
{
    text_t frames = buffer_text(batch);
    while (frames.length > 0) {
        text_t rest = frames, message;
        size_t length = 0;
        while (frame_next(&rest, &message) && (length == 0 || (size_t)(rest.at - frames.at) <= RING_RUN_MAX))
            length = (size_t)(rest.at - frames.at);
        frame_append_batch(&self->outbox, self->link->dialect, (text_t){frames.at, length});
        frames = (text_t){frames.at + length, frames.length - length};
    }
    buffer_release(batch);
}

void client_on_answer(void *client, text_t json)
{
    if (!send_in_place(client, json))
        client_send(client, json);
    client_release(client);
    account(client);
}

bool client_admits(void *client, size_t bytes)
{
    client_t *self = client;
    account(self);
    return budget_admits(&self->account, bytes);
}

bool client_expects(client_t *self, size_t bytes)
{
    if (!client_admits(self, bytes))
        return false;
    self->expected += bytes;
    account(self);
    return true;
}

void client_has(client_t *self, size_t bytes)
{
    self->expected -= bytes;
    account(self);
}

void client_keeps(client_t *self, size_t bytes)
{
    self->kept = bytes;
    account(self);
}

void client_hold(client_t *self, reader_t *reader, cursor_t last)
{
    self->holding = true;
    reader->held = true;
    reader->turned = false; /* the answer says where it is now */
    reader_seat(reader, last);
}

void client_notify_later(client_t *self, text_t method, text_t params)
{
    self->holding = true;
    frame_append_notification(&self->later, self->link->dialect, method, params);
}

void client_release(client_t *self)
{
    if (!self->holding || rpc_batches(self->rpc) > 0)
        return;
    self->holding = false;
    if (self->later.length > 0)
        client_send_frame(self, buffer_text(&self->later));
    buffer_release(&self->later);
    LIST_EACH(item, &self->subscriptions)
    {
        subscription_t *subscription = LIST_OWNER(item, subscription_t, in_client);
        LIST_EACH(seat, &subscription->readers)
        {
            reader_t *reader = LIST_OWNER(seat, reader_t, in_subscription);
            reader->held = false;
            reader_touch(reader);
        }
    }
    wake(self);
}

void client_close(client_t *self, unsigned code, text_t reason)
{
    if (self->closing)
        return;
    self->closing = true;
    self->link->close(self->link_arg, code, reason);
}

subscription_t *client_subscription(const client_t *self, text_t symbol)
{
    LIST_EACH(item, &self->subscriptions)
    {
        subscription_t *subscription = LIST_OWNER(item, subscription_t, in_client);
        if (text_equal(subscription->market->symbol, symbol))
            return subscription;
    }
    return NULL;
}

subscription_t *client_subscribe(client_t *self, market_t *market)
{
    subscription_t *subscription = calloc(1, sizeof *subscription);
    if (!subscription)
        return NULL;
    subscription->client = self;
    subscription->market = market;
    list_init(&subscription->readers);
    list_init(&subscription->in_client);
    list_init(&subscription->in_market);
    list_append(&self->subscriptions, &subscription->in_client);
    list_append(&market->subscriptions, &subscription->in_market);
    self->subscription_count++;
    self->hub->subscription_count++;
    return subscription;
}

void client_unsubscribe(client_t *self, subscription_t *subscription)
{
    market_t *market = subscription->market;
    list_t *item;
    while ((item = list_take(&subscription->readers))) {
        reader_t *reader = LIST_OWNER(item, reader_t, in_subscription);
        reader_destroy(&reader);
    }
    list_remove(&subscription->in_client);
    list_remove(&subscription->in_market);
    free(subscription);
    self->subscription_count--;
    self->hub->subscription_count--;
    markets_release(self->hub->markets, market);
}
