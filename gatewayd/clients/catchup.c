#include "gatewayd/clients/catchup.h"

#include "gatewayd/history/page_cache.h"
#include "gatewayd/history/page_frames.h"

/* How many trades the reader's next page is to have. */
static uint64_t next_count(const client_t *client, const reader_t *reader)
{
    if (client->hub->catching_count > CATCHUP_FEW)
        return CATCHUP_PAGE_CROWD - reader->last.seq % CATCHUP_PAGE_CROWD;
    return reader->page_count > 0 ? reader->page_count : CATCHUP_PAGE_FIRST;
}

/* A page costs a round trip, so the next one is twice as large, for as long as it fits. */
static void fit_count(reader_t *reader, page_end_t end, uint64_t asked, size_t bytes)
{
    uint64_t count = asked;
    if (end == PAGE_FULL)
        count = asked * 3 / 4;
    else if (end == PAGE_WHOLE && bytes <= CATCHUP_PAGE_BYTES / 2)
        count = asked * 2;
    reader->page_count = count < CATCHUP_PAGE_MIN ? CATCHUP_PAGE_MIN : count > CATCHUP_PAGE_MAX ? CATCHUP_PAGE_MAX : count;
}

/* Has waited for an answer for long enough? Starts to wait. */
static bool out_of_patience(reader_t *reader, int64_t now_ns)
{
    if (reader->stuck_ns == 0)
        reader->stuck_ns = now_ns;
    reader->retry_ns = now_ns + CATCHUP_RETRY_MS * NS_PER_MS;
    return now_ns - reader->stuck_ns >= CATCHUP_PATIENCE_MS * NS_PER_MS;
}

static void to_the_back(client_t *client, reader_t *reader)
{
    list_remove(&reader->in_queue);
    list_append(&client->catching, &reader->in_queue);
}

/* What is missing up to `to` is gone. */
static void tell_gap(client_t *client, reader_t *reader, cursor_t to)
{
    page_frames_t page = {reader->live_stream->symbol, reader->live_stream->source, client->link->dialect, reader->last, to};
    buffer_t batch = buffer_new(0);
    page_frames_give_up(&page, client_frames(client, reader, &batch));
    client_batch(client, &batch);
    reader->last = page.last;
    reader->stuck_ns = reader->retry_ns = 0;
}

/* The stream went on in another epoch (bus.md), and what the client had of the former one is of that now: it is told so, as it would be by the ring. */
static bool tell_turn(client_t *client, reader_t *reader)
{
    const live_stream_t *live_stream = reader->live_stream;
    const offer_t *offer;
    cursor_t had = reader->last, present = reader->last;
    if (reader->turned)
        had = (cursor_t){live_stream->former.epoch, live_stream->former.seq + present.seq};
    else if (ring_floor(reader->ring).epoch != had.epoch && (offer = offers_find(client->hub->offers, live_stream->source)))
        present = offer_present(offer, live_stream->symbol, had);
    reader->turned = false;
    if (cursor_compare(had, present) == 0)
        return false;
    reader->last = had;
    tell_gap(client, reader, present);
    client_enter_again(client);
    return true;
}

static uint64_t count_frames(text_t frames, size_t bytes)
{
    uint64_t count = 0;
    text_t rest = frames, payload;
    while ((size_t)(rest.at - frames.at) < bytes && frame_next(&rest, &payload))
        count++;
    return count;
}

/* What comes next is kept: as much of it as the client takes, which is ready, goes out. */
static bool take_kept(client_t *client, reader_t *reader)
{
    cursor_t last;
    text_t kept = page_cache_find(client->hub->pages, reader->live_stream->topic, client->link->dialect, reader->last,
                                  ring_middle(reader->ring), reader->batch ? CATCHUP_BATCH_BYTES : RING_RUN_MAX, &last);
    if (kept.length == 0)
        return false;
    reader->stuck_ns = reader->retry_ns = 0;
    if (reader->batch) {
        buffer_t batch = buffer_new(0);
        buffer_append(&batch, kept);
        client_batch(client, &batch);
        reader->last = last;
    } else {
        reader->last.seq += count_frames(kept, client_send_now(client, kept));
    }
    client_enter_again(client);
    return true;
}

/* The page is there, or will not come. */
static void end_page(client_t *client)
{
    client->hub->pages_asked -= client->page_count;
    client->page = NULL;
    client->page_reader = NULL;
}

void catchup_cancel(client_t *client)
{
    history_cancel(&client->page);
    end_page(client);
}

/* Others may ask now. */
static void let_others_ask(hub_t *hub)
{
    list_t *item;
    for (uint64_t free = CATCHUP_PAGE_CROWD; hub->pages_asked + free <= CATCHUP_ASKED_MAX && (item = list_take(&hub->asking));
         free += CATCHUP_PAGE_CROWD)
        client_pump(LIST_OWNER(item, client_t, in_asking));
}

/* There is no trade to go on with before `to`: is that so for ever? */
static void find_nothing(client_t *client, reader_t *reader, cursor_t to, bool final)
{
    cursor_t floor = ring_floor(reader->ring);
    if (out_of_patience(reader, client->hub->now_ns))
        tell_gap(client, reader, floor);
    else if (final)
        tell_gap(client, reader, cursor_compare(to, floor) < 0 ? to : floor);
}

/* What was found is kept for all; the client is told what it lacks. */
static void take_page(client_t *client, reader_t *reader, range_certainty_t certainty, const range_answer_t *answer,
                      list_t *waiters)
{
    hub_t *hub = client->hub;
    text_t topic = reader->live_stream->topic;
    page_frames_t page = {reader->live_stream->symbol, reader->live_stream->source, client->link->dialect, reader->last,
                          client->page_to};
    cursor_t after, asked = client->page_after;
    buffer_t frames = buffer_new(0);
    page_end_t end = page_frames_append(&page, answer->trades, CATCHUP_PAGE_BYTES, &frames, &after);
    bool hole = cursor_compare(after, reader->last) > 0, heard = certainty != RANGE_UNKNOWN;
    page_cache_keep(hub->pages, topic, page.dialect, asked, after, page.last, buffer_text(&frames), hub->now_ns, waiters);
    fit_count(reader, end, client->page_count, frames.length);
    buffer_release(&frames);
    if (end == PAGE_NOTHING)
        find_nothing(client, reader, client->page_to, certainty == RANGE_FINAL && !answer->has_next);
    else if (hole && (out_of_patience(reader, hub->now_ns) || heard))
        tell_gap(client, reader, after);
}

static void on_page(void *arg, range_certainty_t certainty, const range_answer_t *answer)
{
    client_t *client = arg;
    hub_t *hub = client->hub;
    reader_t *reader = client->page_reader;
    list_t waiters, *item;
    list_init(&waiters);
    end_page(client);
    take_page(client, reader, certainty, answer, &waiters);
    to_the_back(client, reader);
    bool told = tell_turn(client, reader);
    if (!told && client->outbox.length == 0 && !client->closing && client->link->ready(client->link_arg))
        take_kept(client, reader); /* so that it gets on, even where much else is asked for and little is kept for long */
    client_pump(client);
    while ((item = list_take(&waiters)))
        client_pump(LIST_OWNER(item, client_t, in_page));
    let_others_ask(hub);
}

/* Asks for the reader's next page, now or when it is its turn: up to the middle of the ring, since where that begins it would be overtaken at once. */
static void ask(client_t *client, reader_t *reader)
{
    hub_t *hub = client->hub;
    text_t topic = reader->live_stream->topic;
    uint64_t count = next_count(client, reader);
    if (hub->pages_asked > 0 && hub->pages_asked + count > CATCHUP_ASKED_MAX) {
        if (!list_linked(&client->in_asking))
            list_append(&hub->asking, &client->in_asking);
        return;
    }
    client->page_after = reader->last;
    client->page_to = ring_middle(reader->ring);
    client->page_reader = reader;
    client->page_count = count;
    client->page = history_range(hub->history, topic, cursor_behind(reader->last), client->page_to, count, on_page, client);
    if (client->page) {
        hub->pages_asked += count;
        page_cache_expect(hub->pages, topic, client->link->dialect, reader->last, count, hub->now_ns);
        return;
    }
    client->page_reader = NULL;
    if (!out_of_patience(reader, hub->now_ns))
        return;
    tell_gap(client, reader, ring_floor(reader->ring));
    client->link->wake(client->link_arg);
}

/* The ring reaches back to where the reader is: it reads on there. Also when it is beyond what the stream has. */
static bool arrived(client_t *client, reader_t *reader)
{
    uint64_t position;
    const ring_t *ring = reader->ring;
    if (!ring_find(ring, reader->last, &position) && cursor_compare(reader->last, ring_last(ring)) < 0)
        return false;
    cursor_t last = reader->last, end = ring_last(ring);
    reader_seat(reader, cursor_compare(last, end) < 0 ? last : end);
    if (reader->state == READER_LIVE)
        client->link->wake(client->link_arg);
    return true;
}

void catchup_step(client_t *client)
{
    hub_t *hub = client->hub;
    size_t turns = 0;
    if (client->holding)
        return; /* nothing goes before the answer that says where it begins */
    LIST_EACH(item, &client->catching)
    turns++;
    while (turns-- > 0 && client->outbox.length == 0 && !client->page && !client->closing) {
        reader_t *reader = LIST_OWNER(client->catching.next, reader_t, in_queue);
        if (tell_turn(client, reader))
            return;
        if (arrived(client, reader))
            continue;
        if (!client->link->ready(client->link_arg)) {
            client->link->wake(client->link_arg);
            return;
        }
        to_the_back(client, reader);
        if (take_kept(client, reader))
            return;
        if (hub->now_ns >= reader->retry_ns && !page_cache_wait(hub->pages, reader->live_stream->topic, client->link->dialect,
                                                                reader->last, hub->now_ns, &client->in_page))
            ask(client, reader);
    }
}

void catchup_tick(hub_t *hub)
{
    size_t count = hub->catching_count;
    page_cache_expire(hub->pages, hub->now_ns);
    for (list_t *item; count > 0 && (item = list_take(&hub->catching)); count--) { /* any of them may leave meanwhile */
        client_t *client = LIST_OWNER(item, client_t, in_catching);
        list_append(&hub->catching, item);
        if (client->link->ready(client->link_arg))
            client_pump(client);
    }
}

void catchup_stood(hub_t *hub, int64_t stood_ns)
{
    LIST_EACH(item, &hub->catching)
    {
        const client_t *client = LIST_OWNER(item, client_t, in_catching);
        LIST_EACH(place, &client->catching)
        {
            reader_t *reader = LIST_OWNER(place, reader_t, in_queue);
            reader->stuck_ns += reader->stuck_ns > 0 ? stood_ns : 0;
        }
    }
}
