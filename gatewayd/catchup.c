#include "gatewayd/catchup.h"

#include "gatewayd/page.h"

/* As many trades as half of the outbox holds for sure. */
static uint64_t first_count(const client_t *client)
{
    size_t count = client->hub->limits.pending_bytes / 2 / 1024;
    return count < CATCHUP_PAGE_MIN ? CATCHUP_PAGE_MIN : count > CATCHUP_PAGE_FIRST ? CATCHUP_PAGE_FIRST : count;
}

/* A page costs a round trip, so the next one is twice as large, up to where the outbox has no room for it. */
static void fit_count(reader_t *reader, bool whole)
{
    uint64_t count = whole ? reader->page_count * 2 : reader->page_count * 3 / 4;
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

static void on_page(void *arg, range_certainty_t certainty, const range_answer_t *answer)
{
    client_t *client = arg;
    reader_t *reader = client->page_reader;
    page_t page = {reader->channel->symbol, reader->channel->source, client->link->dialect, reader->last, client->page_to};
    client->page = NULL;
    client->page_reader = NULL;
    bool moved = false;
    buffer_t batch = buffer_new(0), *frames = client_frames(client, reader, &batch);
    bool whole = page_append(&page, answer->trades, client->hub->limits.pending_bytes * 3 / 4, frames, &moved);
    bool over = whole && certainty == RANGE_FINAL && !answer->has_next;
    fit_count(reader, whole);
    if (moved)
        reader->stuck_ns = reader->retry_ns = 0;
    if (over || (!moved && out_of_patience(reader, client->hub->now_ns)))
        page_give_up(&page, frames);
    client_batch(client, &batch);
    reader->last = page.last;
    to_the_back(client, reader);
    client_pump(client);
}

/* Asks for the reader's next page: up to where the ring begins now. */
static void ask(client_t *client, reader_t *reader)
{
    cursor_t from = {reader->last.epoch, reader->last.seq + 1};
    client->page_to = ring_floor(reader->ring);
    client->page_reader = reader;
    if (reader->page_count == 0)
        reader->page_count = first_count(client);
    client->page =
        history_range(client->hub->history, reader->channel->topic, from, client->page_to, reader->page_count, on_page, client);
    if (client->page)
        return;
    client->page_reader = NULL;
    if (!out_of_patience(reader, client->hub->now_ns))
        return;
    page_t page = {reader->channel->symbol, reader->channel->source, client->link->dialect, reader->last, client->page_to};
    buffer_t batch = buffer_new(0);
    page_give_up(&page, client_frames(client, reader, &batch));
    client_batch(client, &batch);
    reader->last = page.last;
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
    size_t turns = 0;
    if (client->holding)
        return; /* nothing goes before the answer that says where it begins */
    LIST_EACH(item, &client->catching)
    turns++;
    while (turns-- > 0 && client->outbox.length == 0 && !client->page && !client->closing) {
        reader_t *reader = LIST_OWNER(client->catching.next, reader_t, in_queue);
        if (arrived(client, reader))
            continue;
        to_the_back(client, reader);
        if (client->hub->now_ns >= reader->retry_ns)
            ask(client, reader);
    }
}

void catchup_tick(hub_t *hub)
{
    for (list_t *item = hub->catching.next, *next; item != &hub->catching; item = next) {
        next = item->next;
        catchup_step(LIST_OWNER(item, client_t, in_catching));
    }
}
