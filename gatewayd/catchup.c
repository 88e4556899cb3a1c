#include "gatewayd/catchup.h"

#include "gatewayd/page.h"
#include "gatewayd/page_cache.h"

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

/* What history has not got is missing, up to where the ring begins. */
static void give_up(const reader_t *reader, page_t *page, buffer_t *frames)
{
    page->to = ring_floor(reader->ring);
    page_give_up(page, frames);
}

static uint64_t count_frames(text_t frames, size_t bytes)
{
    uint64_t count = 0;
    text_t rest = frames, payload;
    while ((size_t)(rest.at - frames.at) < bytes && frame_next(&rest, &payload))
        count++;
    return count;
}

/* Somebody else was given what comes next: this one gets it from where it is kept. */
static bool take_kept(client_t *client, reader_t *reader)
{
    cursor_t last;
    text_t kept = page_cache_find(client->hub->pages, reader->channel->topic, client->link->dialect, reader->last,
                                  ring_middle(reader->ring), RING_RUN_MAX, &last);
    if (kept.length == 0)
        return false;
    reader->stuck_ns = reader->retry_ns = 0;
    if (!client->link->ready(client->link_arg)) {
        client->link->wake(client->link_arg);
        return true;
    }
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

static void on_page(void *arg, range_certainty_t certainty, const range_answer_t *answer)
{
    client_t *client = arg;
    reader_t *reader = client->page_reader;
    page_t page = {reader->channel->symbol, reader->channel->source, client->link->dialect, reader->last, client->page_to};
    client->page = NULL;
    client->page_reader = NULL;
    bool moved = false;
    buffer_t batch = buffer_new(0), *frames = client_frames(client, reader, &batch);
    size_t begin = frames->length;
    bool whole = page_append(&page, answer->trades, client->hub->limits.pending_bytes * 3 / 4, frames, &moved);
    text_t made = buffer_text(frames);
    made = moved && answer->missing == 0 ? (text_t){made.at + begin, made.length - begin} : TEXT("");
    bool shared = page_cache_keep(client->hub->pages, reader->channel->topic, page.dialect, reader->last, page.last, made,
                                  client->hub->now_ns);
    bool over = whole && certainty == RANGE_FINAL && !answer->has_next;
    fit_count(reader, whole);
    if (moved)
        reader->stuck_ns = reader->retry_ns = 0;
    if (over || (!moved && out_of_patience(reader, client->hub->now_ns)))
        give_up(reader, &page, frames);
    client_batch(client, &batch);
    reader->last = page.last;
    to_the_back(client, reader);
    hub_t *hub = client->hub;
    client_pump(client);
    if (shared)
        catchup_tick(hub);
}

/* Asks for the reader's next page: up to the middle of the ring, since where that begins it would be overtaken at once. */
static void ask(client_t *client, reader_t *reader)
{
    cursor_t from = {reader->last.epoch, reader->last.seq + 1};
    client->page_to = ring_middle(reader->ring);
    client->page_reader = reader;
    if (reader->page_count == 0)
        reader->page_count = first_count(client);
    hub_t *hub = client->hub;
    text_t topic = reader->channel->topic;
    client->page = history_range(hub->history, topic, from, client->page_to, reader->page_count, on_page, client);
    if (client->page) {
        page_cache_expect(hub->pages, topic, client->link->dialect, reader->last, reader->page_count, hub->now_ns);
        return;
    }
    client->page_reader = NULL;
    if (!out_of_patience(reader, client->hub->now_ns))
        return;
    page_t page = {reader->channel->symbol, reader->channel->source, client->link->dialect, reader->last, client->page_to};
    buffer_t batch = buffer_new(0);
    give_up(reader, &page, client_frames(client, reader, &batch));
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
        if (take_kept(client, reader))
            return;
        if (client->hub->now_ns >= reader->retry_ns &&
            !page_cache_expects(client->hub->pages, reader->channel->topic, client->link->dialect, reader->last,
                                client->hub->now_ns))
            ask(client, reader);
    }
}

void catchup_tick(hub_t *hub)
{
    size_t count = 0;
    page_cache_expire(hub->pages, hub->now_ns);
    LIST_EACH(item, &hub->catching)
    count++;
    for (list_t *item; count > 0 && (item = list_take(&hub->catching)); count--) { /* any of them may leave meanwhile */
        list_append(&hub->catching, item);
        client_pump(LIST_OWNER(item, client_t, in_catching));
    }
}
