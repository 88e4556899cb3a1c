#include "connectord/push/push_posts.h"

#include "common/clock.h"
#include "connectord/push/push_report.h"

#include <stdio.h>
#include <stdlib.h>

enum { SLICE_RECORDS = 200 /* read in a turn of the loop: less than a ms */, SAMPLE_MAX = 200, REASON_MAX = 256 };

/* A POST whose body is coming, or is read. */
typedef struct {
    push_posts_t *posts;
    http_connection_t *from;
    list_t in_posts;
    push_form_t form;
    bool begun;   /* its body is there */
    bool reading; /* now: disconnect leaves it alone */
    enum { POST_GOOD, POST_STUCK /* the journal takes nothing, or memory ran out */, POST_LONG } end;
    push_body_t body;
    int64_t received_ns; /* when the record that is taken was read */
    push_report_t report;
} push_post_t;

/* --- its records --- */

/* Counted and logged by the source, too. */
static void fault(push_post_t *self, const char *reason, text_t sample)
{
    const push_posts_t *posts = self->posts;
    push_report_fault(&self->report, self->body.number, text_of(reason));
    if (posts->open)
        posts->events->on_malformed(posts->arg, reason, text_cut(sample, SAMPLE_MAX));
}

static void on_fault(void *arg, const char *reason, text_t sample)
{
    fault(arg, reason, sample);
}

/* The source's own spelling is ours. Whether it offers the subject it says when it is offered one. */
static bool on_key(void *arg, text_t channel, text_t native, text_t *key)
{
    (void)arg, (void)channel;
    *key = native;
    return true;
}

static void fault_of_subject(push_post_t *self, text_t subject)
{
    char reason[REASON_MAX];
    snprintf(reason, sizeof reason, "symbol: expected one of the source's, found %.*s", TEXT_ARG(subject));
    fault(self, reason, subject);
}

static void take_receipt(push_post_t *self, receipt_t receipt, text_t subject)
{
    push_report_t *report = &self->report;
    switch (receipt) {
    case RECEIPT_TAKEN:
    case RECEIPT_DUPLICATE:
        report->accepted += receipt == RECEIPT_TAKEN;
        report->duplicates += receipt == RECEIPT_DUPLICATE;
        if (!push_report_subject(report, subject))
            self->end = POST_STUCK;
        break;
    case RECEIPT_UNKNOWN:
        fault_of_subject(self, subject);
        break;
    case RECEIPT_IMPOSSIBLE:
        push_report_fault(report, self->body.number, TEXT("qty: expected more than 0"));
        break;
    case RECEIPT_REFUSED:
        self->end = POST_STUCK;
        break;
    }
}

/* Those of one POST are no more than duplicates are known of, and each has an id, or it could not be repeated. */
static void on_record(void *arg, const mapping_record_t *record)
{
    push_post_t *self = arg;
    const push_posts_t *posts = self->posts;
    char subject[SUBJECT_MAX];
    if (self->end != POST_GOOD || !posts->open)
        return;
    if (self->report.accepted + self->report.duplicates >= posts->config->dedup_window) {
        self->end = POST_LONG;
        return;
    }
    trade_t trade = record->trade;
    if (trade.id.length == 0) {
        fault(self, "id: missing: what is posted again is known by it", record->key);
        return;
    }
    trade.received_ns = self->received_ns;
    trade.timestamp_ns = record->timestamp_ns;
    receipt_t receipt = posts->events->on_offer(posts->arg, &trade);
    take_receipt(self, receipt, (text_t){subject, record_subject(subject, &trade)});
}

static const mapping_events_t mapping_events = {.record = on_record, .fault = on_fault, .key = on_key};

static uint64_t ignored(const push_posts_t *self)
{
    const mapping_counts_t *counts = mapping_counts(self->mapping);
    return counts->other_messages + counts->unwanted;
}

static void take_record(push_post_t *self, text_t json)
{
    push_posts_t *posts = self->posts;
    uint64_t before = ignored(posts);
    if (json_kind(json) == JSON_OBJECT) {
        self->received_ns = clock_real_ns();
        posts->events->on_received(posts->arg, json, self->received_ns);
        mapping_run(posts->mapping, json, self->received_ns, &mapping_events, self);
    } else {
        fault(self, "expected an object", json);
    }
    self->report.ignored += ignored(posts) - before;
}

/* --- a post --- */

static void post_free(push_post_t *self)
{
    list_remove(&self->in_posts);
    self->posts->count--;
    push_report_release(&self->report);
    free(self);
}

/* Refused is the whole of it, for its sender: what of it is there already is a duplicate the next time. */
static void post_refuse(push_post_t *self, unsigned status, uint64_t wait_ms, const char *reason)
{
    push_refusal_t refusal;
    push_refusal_set(&refusal, status, wait_ms, "%s", reason);
    push_refuse(self->from, &refusal);
    post_free(self);
}

static void post_answer(push_post_t *self)
{
    const push_posts_t *posts = self->posts;
    const push_report_t *report = &self->report;
    buffer_t body = buffer_new(0);
    bool none = report->faulty > 0 && report->accepted + report->duplicates + report->ignored == 0;
    if (push_report_print(report, posts->events->on_settle, posts->arg, &body)) {
        http_answer(
            self->from,
            &(http_answer_t){.status = none ? 422 : 200, .content_type = "application/json", .body = buffer_text(&body)});
        post_free(self);
    } else {
        post_refuse(self, 503, PUSH_RETRY_MS, "the journal takes nothing now");
    }
    buffer_release(&body);
}

/* False: it is answered, and gone. */
static bool post_begin(push_post_t *self)
{
    const char *wrong;
    self->begun = true;
    if (push_body_open(&self->body, self->form, http_body(self->from), &wrong))
        return true;
    if (self->posts->open)
        self->posts->events->on_malformed(self->posts->arg, wrong, text_cut(http_body(self->from), SAMPLE_MAX));
    post_refuse(self, 400, 0, wrong);
    return false;
}

/* Returns whether there is more for the next turn. */
static bool post_read(push_post_t *self)
{
    text_t record;
    bool more = true;
    self->reading = true;
    for (int i = 0; i < SLICE_RECORDS && more && self->end == POST_GOOD && self->posts->open; i++) {
        more = push_body_next(&self->body, &record);
        if (more)
            take_record(self, record);
    }
    self->reading = false;
    return more;
}

static void on_ready(void *owner)
{
    push_post_t *self = owner;
    if (!self->begun && !post_begin(self))
        return;
    bool more = post_read(self);
    if (!self->posts->open)
        post_refuse(self, 503, PUSH_RETRY_MS, "the source is not connected");
    else if (self->end == POST_STUCK)
        post_refuse(self, 503, PUSH_RETRY_MS, "the journal takes nothing now");
    else if (self->end == POST_LONG)
        post_refuse(self, 413, 0, "too many records at once: expected no more than the source's dedup_window");
    else if (more)
        http_wake(self->from);
    else
        post_answer(self);
}

static void on_closed(void *owner)
{
    post_free(owner);
}

static const http_owner_t post_owner = {.ready = on_ready, .closed = on_closed};

/* NULL when memory runs out. */
static push_post_t *post_new(push_posts_t *posts, http_connection_t *from, push_form_t form)
{
    push_post_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (push_post_t){.posts = posts, .from = from, .form = form};
    list_init(&self->in_posts);
    if (push_report_init(&self->report)) {
        list_append(&posts->list, &self->in_posts);
        posts->count++;
        return self;
    }
    push_report_release(&self->report);
    free(self);
    return NULL;
}

/* --- all of them --- */

void push_posts_init(push_posts_t *self, const source_config_t *config, const connector_events_t *events, void *arg)
{
    *self = (push_posts_t){.config = config, .events = events, .arg = arg};
    list_init(&self->list);
}

bool push_posts_take(push_posts_t *self, http_connection_t *from, const http_request_t *request, push_form_t form,
                     push_refusal_t *refusal)
{
    if (!self->open)
        return push_refusal_set(refusal, 503, PUSH_RETRY_MS, "the source is not connected");
    if (self->count >= PUSH_POSTS_MAX || !http_admits(from, request->length))
        return push_refusal_set(refusal, 429, PUSH_RETRY_MS, "too much is being posted at this time");
    push_post_t *post = post_new(self, from, form);
    if (!post)
        return push_refusal_set(refusal, 503, PUSH_RETRY_MS, "out of memory");
    http_receive(from, request, &post_owner, post);
    return true;
}

void push_posts_end(push_posts_t *self)
{
    list_t *next;
    self->open = false;
    for (list_t *item = self->list.next; item != &self->list; item = next) {
        push_post_t *post = LIST_OWNER(item, push_post_t, in_posts);
        http_connection_t *from = post->from;
        next = item->next;
        if (post->reading)
            continue;
        post_refuse(post, 503, PUSH_RETRY_MS, "the source is not connected");
        http_wake(from);
    }
}
