#include "gatewayd/clients/catchup.h"

#include "gatewayd/clients/conversation.h"
#include "gatewayd/history/history_client.h"
#include "gatewayd/history/page_cache.h"
#include "gatewayd/history/page_frames.h"
#include "gatewayd/streams/offers.h"

/* How many trades the reader's next page is to have. */
static uint64_t next_count(const readers_t *readers, const reader_t *reader)
{
    if (readers->hub->catching_count > CATCHUP_FEW)
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
    count = count < CATCHUP_PAGE_MIN ? CATCHUP_PAGE_MIN : count > CATCHUP_PAGE_MAX ? CATCHUP_PAGE_MAX : count;
    reader->page_count = (uint32_t)count;
}

/* Has waited for an answer for long enough? Starts to wait. */
static bool out_of_patience(reader_t *reader, int64_t now_ns)
{
    if (reader->stuck_ns == 0)
        reader->stuck_ns = now_ns;
    reader->retry_ns = now_ns + HISTORY_RETRY_MS * NS_PER_MS;
    return now_ns - reader->stuck_ns >= HISTORY_PATIENCE_MS * NS_PER_MS;
}

static void to_the_back(readers_t *readers, reader_t *reader)
{
    list_remove(&reader->in_queue);
    list_append(&readers->catching, &reader->in_queue);
}

/* What is missing up to `to` is gone. */
static void tell_gap(readers_t *readers, reader_t *reader, cursor_t to)
{
    page_frames_t page = {.symbol = reader->live_stream->symbol,
                          .source = reader->live_stream->source,
                          .dialect = readers->end->link->dialect,
                          .last = reader->last,
                          .to = to,
                          .quiet = reader->latest};
    buffer_t batch = buffer_new(0);
    page_frames_give_up(&page, conversation_frames(readers->sink, reader->batch, &batch));
    conversation_batch(readers->sink, &batch);
    reader->last = page.last;
    reader->stuck_ns = reader->retry_ns = 0;
}

/* The stream went on in another epoch (bus.md), and what the client had of the former one is of that now: it is told so, as it
 * would be by the ring. */
static bool tell_turn(readers_t *readers, reader_t *reader)
{
    const live_stream_t *live_stream = reader->live_stream;
    const offer_t *offer;
    cursor_t had = reader->last, present = reader->last;
    if (reader->turned)
        had = (cursor_t){live_stream->former.epoch, live_stream->former.seq + present.seq};
    else if (ring_floor(reader->ring).epoch != had.epoch && (offer = offers_find(readers->hub->offers, live_stream->source)))
        present = offer_present(offer, live_stream->symbol, had);
    reader->turned = false;
    if (cursor_compare(had, present) == 0)
        return false;
    reader->last = had;
    tell_gap(readers, reader, present);
    return true;
}

static uint64_t count_frames(dialect_t dialect, text_t frames, size_t bytes)
{
    uint64_t count = 0;
    text_t rest = frames;
    while ((size_t)(rest.at - frames.at) < bytes && frame_skip(dialect, &rest))
        count++;
    return count;
}

/* What is kept behind `had` has gone out, up to where the reader is now. */
static void count_kept(const readers_t *readers, reader_t *reader, cursor_t had)
{
    uint64_t count = reader->last.seq - had.seq;
    reader->mark->count += count;
    if (count > 0)
        reader->mark->hash +=
            page_cache_sum(readers->hub->pages, reader->live_stream->topic, readers->end->link->dialect, had, reader->last);
}

/* What comes next is kept: as much of it as the client takes, which is ready, goes out. */
static bool take_kept(readers_t *readers, reader_t *reader)
{
    cursor_t last, had = reader->last;
    text_t kept = page_cache_find(readers->hub->pages, reader->live_stream->topic, readers->end->link->dialect, reader->last,
                                  ring_middle(reader->ring), reader->batch ? CATCHUP_BATCH_BYTES : RING_RUN_MAX, &last);
    if (kept.length == 0)
        return false;
    reader->stuck_ns = reader->retry_ns = 0;
    if (reader->batch) {
        buffer_t batch = buffer_new(0);
        buffer_append(&batch, kept);
        conversation_batch(readers->sink, &batch);
        reader->last = last;
    } else {
        size_t taken = conversation_send_now(readers->sink, kept, NULL);
        reader->last.seq += count_frames(readers->end->link->dialect, kept, taken);
    }
    if (reader->marking)
        count_kept(readers, reader, had);
    return true;
}

/* The page is there, or will not come. */
static void end_page(readers_t *readers)
{
    readers->hub->pages_asked -= readers->page_count;
    readers->page = NULL;
    readers->page_reader = NULL;
}

/* The page is no longer wanted. */
static void cancel_page(task_t *paging)
{
    readers_t *readers = LIST_OWNER(paging, readers_t, paging);
    history_cancel(&readers->page);
    end_page(readers);
}

static void pump(readers_t *readers)
{
    readers->pump(readers);
}

/* Others may ask now. */
static void let_others_ask(hub_t *hub)
{
    list_t *item;
    for (uint64_t free = CATCHUP_PAGE_CROWD; hub->pages_asked + free <= CATCHUP_ASKED_MAX && (item = list_take(&hub->asking));
         free += CATCHUP_PAGE_CROWD)
        pump(LIST_OWNER(item, readers_t, in_asking));
}

/* There is no trade to go on with before `to`: is that so for ever? */
static void find_nothing(readers_t *readers, reader_t *reader, cursor_t to, bool final)
{
    cursor_t floor = ring_floor(reader->ring);
    if (out_of_patience(reader, hub_now_ns(readers->hub)))
        tell_gap(readers, reader, floor);
    else if (final)
        tell_gap(readers, reader, cursor_compare(to, floor) < 0 ? to : floor);
}

/* What was found is kept for all; the client is told what it lacks. */
static void take_page(readers_t *readers, reader_t *reader, range_certainty_t certainty, const range_answer_t *answer,
                      list_t *waiters)
{
    hub_t *hub = readers->hub;
    text_t topic = reader->live_stream->topic;
    buffer_t frames = buffer_new(0), sums = buffer_new(0);
    page_frames_t page = {.symbol = reader->live_stream->symbol,
                          .source = reader->live_stream->source,
                          .dialect = readers->end->link->dialect,
                          .last = reader->last,
                          .to = readers->page_to,
                          .quiet = reader->latest,
                          .sums = hub->marks ? &sums : NULL};
    cursor_t after, asked = readers->page_after;
    page_end_t end = page_frames_append(&page, answer->trades, CATCHUP_PAGE_BYTES, &frames, &after);
    bool hole = cursor_compare(after, reader->last) > 0, heard = certainty != RANGE_UNKNOWN;
    page_cache_keep(hub->pages, topic, page.dialect, asked, after, page.last,
                    buffer_ok(&sums) ? buffer_text(&frames) : TEXT(""), buffer_text(&sums), hub_now_ns(hub), waiters);
    fit_count(reader, end, readers->page_count, frames.length);
    buffer_release(&frames);
    buffer_release(&sums);
    if (end == PAGE_NOTHING)
        find_nothing(readers, reader, readers->page_to, certainty == RANGE_FINAL && !answer->has_next);
    else if (hole && (out_of_patience(reader, hub_now_ns(hub)) || heard))
        tell_gap(readers, reader, after);
}

static void on_page(void *arg, range_certainty_t certainty, const range_answer_t *answer)
{
    readers_t *readers = arg;
    hub_t *hub = readers->hub;
    reader_t *reader = readers->page_reader;
    list_t waiters, *item;
    list_init(&waiters);
    end_page(readers);
    take_page(readers, reader, certainty, answer, &waiters);
    to_the_back(readers, reader);
    bool told = tell_turn(readers, reader);
    if (!told && readers->sink->outbox.length == 0 && !readers->end->closing && client_end_ready(readers->end))
        take_kept(readers, reader); /* so that it gets on, even where much else is asked for and little is kept for long */
    pump(readers);
    while ((item = list_take(&waiters)))
        pump(LIST_OWNER(item, readers_t, in_page));
    let_others_ask(hub);
}

/* Asks for the reader's next page, now or when it is its turn: up to the middle of the ring, since where that begins it would
 * be overtaken at once. */
static void ask(readers_t *readers, reader_t *reader)
{
    hub_t *hub = readers->hub;
    text_t topic = reader->live_stream->topic;
    uint64_t count = next_count(readers, reader);
    if (hub->pages_asked > 0 && hub->pages_asked + count > CATCHUP_ASKED_MAX) {
        if (!list_linked(&readers->in_asking))
            list_append(&hub->asking, &readers->in_asking);
        return;
    }
    readers->page_after = reader->last;
    readers->page_to = ring_middle(reader->ring);
    readers->page_reader = reader;
    readers->page_count = count;
    readers->paging.cancel = cancel_page;
    readers->page = history_range(hub->history, topic, cursor_behind(reader->last), readers->page_to, count, on_page, readers);
    if (readers->page) {
        hub->pages_asked += count;
        page_cache_expect(hub->pages, topic, readers->end->link->dialect, reader->last, count, hub_now_ns(hub));
        return;
    }
    readers->page_reader = NULL;
    if (!out_of_patience(reader, hub_now_ns(hub)))
        return;
    tell_gap(readers, reader, ring_floor(reader->ring));
    client_end_wake(readers->end);
}

/* The ring reaches back to where the reader is: it reads on there. Also when it is beyond what the stream has. */
static bool arrived(readers_t *readers, reader_t *reader)
{
    uint64_t position;
    const ring_t *ring = reader->ring;
    if (!ring_find(ring, reader->last, &position) && cursor_compare(reader->last, ring_last(ring)) < 0)
        return false;
    cursor_t last = reader->last, end = ring_last(ring);
    reader_seat(reader, cursor_compare(last, end) < 0 ? last : end);
    if (reader->state == READER_LIVE)
        client_end_wake(readers->end);
    return true;
}

bool catchup_step(readers_t *readers)
{
    hub_t *hub = readers->hub;
    size_t turns = 0;
    if (readers->sink->holding)
        return false; /* nothing goes before the answer that says where it begins */
    LIST_EACH(item, &readers->catching)
    turns++;
    while (turns-- > 0 && readers->sink->outbox.length == 0 && !readers->page && !readers->end->closing) {
        reader_t *reader = LIST_OWNER(readers->catching.next, reader_t, in_queue);
        if (tell_turn(readers, reader))
            return true;
        if (arrived(readers, reader))
            continue;
        if (!client_end_ready(readers->end)) {
            client_end_wake(readers->end);
            return false;
        }
        to_the_back(readers, reader);
        if (take_kept(readers, reader))
            return true;
        if (hub_now_ns(hub) >= reader->retry_ns &&
            !page_cache_wait(hub->pages, reader->live_stream->topic, readers->end->link->dialect, reader->last, hub_now_ns(hub),
                             &readers->in_page))
            ask(readers, reader);
    }
    return false;
}

void catchup_tick(hub_t *hub)
{
    size_t count = hub->catching_count;
    page_cache_expire(hub->pages, hub_now_ns(hub));
    for (list_t *item; count > 0 && (item = list_take(&hub->catching)); count--) { /* any of them may leave meanwhile */
        readers_t *readers = LIST_OWNER(item, readers_t, in_catching);
        list_append(&hub->catching, item);
        if (client_end_ready(readers->end))
            pump(readers);
    }
}

void catchup_stood(hub_t *hub, int64_t stood_ns)
{
    LIST_EACH(item, &hub->catching)
    {
        const readers_t *readers = LIST_OWNER(item, readers_t, in_catching);
        LIST_EACH(place, &readers->catching)
        {
            reader_t *reader = LIST_OWNER(place, reader_t, in_queue);
            reader->stuck_ns += reader->stuck_ns > 0 ? stood_ns : 0;
        }
    }
}
