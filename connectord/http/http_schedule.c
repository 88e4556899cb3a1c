#include "connectord/http/http_schedule.h"

#include "common/clock.h"
#include "common/timestamp.h"
#include "connectord/http/http_answer.h"
#include "connectord/http/http_body.h"

enum { CONNECT_MS = 10000, AT_ONCE = 8 /* requests */ };

/* Without digits of the fraction that say nothing. */
static size_t print_time(int64_t ns, int64_t unit_ns, char out[static TIMESTAMP_MAX])
{
    if (unit_ns > 0)
        return text_from_u64(out, (uint64_t)(ns / unit_ns));
    return timestamp_print(out, ns, ns % NS_PER_S == 0 ? 0 : ns % NS_PER_MS == 0 ? 3 : ns % NS_PER_US == 0 ? 6 : 9);
}

static bool begin_poll(http_source_t *self, http_poll_t *poll)
{
    const http_protocol_t *protocol = self->definition.http;
    char room[TIMESTAMP_MAX];
    text_t since = {"", 0};
    int64_t last_ns = known_records_last_ns(self->known, http_poll_scope(poll));
    if (protocol->since == HTTP_SINCE_ID)
        since = known_records_last_id(self->known, http_poll_scope(poll));
    else if (protocol->since == HTTP_SINCE_TIME && last_ns > 0)
        since = (text_t){room, print_time(last_ns, protocol->since_unit_ns, room)};
    poll->begun = true;
    poll->began_ns = clock_mono_ns();
    poll->more = poll->met_known = poll->at_once = false;
    record_queue_clear(&poll->queue);
    return http_pages_first(&poll->pages, since);
}

static void ask(http_source_t *self, http_poll_t *poll)
{
    char error[HTTP_CLIENT_ERROR_MAX] = "out of memory";
    text_t lines[HTTP_PROTOCOL_HEADERS_MAX + HTTP_HEADERS_EXTRA];
    size_t count = self->headers.count;
    buffer_t etag = buffer_new(0), modified = buffer_new(0);
    bool ready = poll->begun || begin_poll(self, poll);
    memcpy(lines, self->headers.lines, count * sizeof *lines);
    buffer_printf(&etag, "If-None-Match: %.*s", TEXT_ARG(http_pages_etag(&poll->pages)));
    buffer_printf(&modified, "If-Modified-Since: %.*s", TEXT_ARG(http_pages_modified(&poll->pages)));
    if (http_pages_etag(&poll->pages).length > 0)
        lines[count++] = buffer_text(&etag);
    if (http_pages_modified(&poll->pages).length > 0)
        lines[count++] = buffer_text(&modified);
    http_client_request_t request = {.url = http_pages_url(&poll->pages),
                                     .headers = lines,
                                     .header_count = count,
                                     .connect_ms = CONNECT_MS,
                                     .timeout_ms = self->config->silence_ms,
                                     .body_max = HTTP_BODY_MAX};
    if (ready && buffer_ok(&etag) && buffer_ok(&modified))
        poll->transfer = http_client_get(self->client, &request, http_answer_take, poll, error);
    poll->state = HTTP_POLL_ASKED;
    buffer_release(&etag);
    buffer_release(&modified);
    if (!poll->transfer)
        http_source_lose(self, error, LOSS_USUAL, 0);
}

static bool is_idle(const http_source_t *self)
{
    return self->state == HTTP_OPEN && !self->per_symbol && !http_source_wants_any(self);
}

void http_schedule(http_source_t *self)
{
    int64_t now_ns = clock_mono_ns();
    http_poll_t *poll = NULL;
    bool held = web_is_held(self->web);
    while (self->state != HTTP_CLOSED && !held && !is_idle(self) && now_ns >= self->until_ns &&
           http_polls_asked(&self->polls) < AT_ONCE && (poll = http_polls_next(&self->polls)) && poll->due_ns <= now_ns &&
           limiter_take(&self->limiter, now_ns))
        ask(self, poll);
    if (self->state == HTTP_CLOSED)
        return;
    poll = http_polls_next(&self->polls);
    bool waits = is_idle(self) || !poll || http_polls_asked(&self->polls) >= AT_ONCE; /* for what will call this again */
    int64_t due_ns = poll && poll->due_ns > self->until_ns ? poll->due_ns : self->until_ns;
    int64_t wait_ms = due_ns > now_ns ? (due_ns - now_ns) / NS_PER_MS + 1 : (int64_t)limiter_wait_ms(&self->limiter, now_ns);
    if (held)
        wait_ms = HTTP_SOURCE_HELD_MS;
    if (self->changed)
        loop_timer_start(self->timer, 1, 0);
    else if (!waits || held)
        loop_timer_start(self->timer, wait_ms > 0 ? (uint64_t)wait_ms : 1, 0);
}
