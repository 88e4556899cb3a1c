#include "gatewayd/streams/recent.h"

#include "common/json/json_write.h"
#include "gatewayd/forms/subject_form.h"
#include "gatewayd/streams/notify.h"
#include "gatewayd/streams/ring_recent.h"
#include "proto/request.h"

#include <stdlib.h>

struct recent {
    const offers_t *offers;
    markets_t *markets;
    const buses_t *buses;
    answer_cache_t *answers;
    recent_counts_t counts;
};

/* --- may the rings answer? --- */

/* Does every source that offers the symbol have its ring? */
static bool is_followed(const offers_t *offers, const market_t *market)
{
    const offer_t *offer;
    for (size_t i = 0; (offer = offers_at(offers, i)); i++) {
        const live_stream_t *live_stream = offer_has(offer, market->symbol, NULL) ? market_find(market, offer->name) : NULL;
        if (live_stream ? !live_stream->ring : offer_has(offer, market->symbol, NULL))
            return false;
    }
    return true;
}

static bool takes(const recent_query_t *question, const live_stream_t *live_stream, cursor_t *upto)
{
    *upto = (cursor_t){UINT64_MAX, UINT64_MAX};
    return (question->source.length == 0 || text_equal(question->source, live_stream->source)) &&
           (question->next.length == 0 || request_place(question->next, live_stream->source, upto));
}

/* The streams that are asked for. *proved_ns: since when what they need is proven; 0: it is not. */
static bool gather(const market_t *market, const recent_query_t *question, ring_recent_t *ring_recent, int64_t *proved_ns)
{
    *proved_ns = question->source.length > 0 ? INT64_MAX : market->whole_ns;
    ring_recent->count = 0;
    ring_recent->before_ns = question->before_ns == INT64_MIN ? INT64_MAX : question->before_ns;
    LIST_EACH(item, &market->live_streams)
    {
        const live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        cursor_t upto;
        if (!takes(question, live_stream, &upto))
            continue;
        if (ring_recent->count == RING_RECENT_STREAMS_MAX || !live_stream->ring || !live_stream->coverage.known)
            return false;
        ring_recent->streams[ring_recent->count++] = (ring_recent_stream_t){
            .source = live_stream->source, .ring = live_stream->ring, .coverage = live_stream->coverage, .upto = upto};
        if (live_stream->coverage.at_ns < *proved_ns)
            *proved_ns = live_stream->coverage.at_ns;
    }
    return ring_recent->count > 0;
}

/* Is what was proven then true still? One question now and then goes and sees, while the others are answered. */
static bool holds(market_t *market, const recent_query_t *question, int64_t proved_ns, int64_t now_ns)
{
    int64_t age_ns = now_ns - proved_ns;
    if (age_ns >= RECENT_COVERAGE_MS * NS_PER_MS)
        return false;
    if (recent_query_bounded(question) || age_ns < RECENT_RENEW_MS * NS_PER_MS ||
        now_ns - market->proving_ns < RECENT_RENEW_MS * NS_PER_MS)
        return true;
    market->proving_ns = now_ns;
    return false;
}

/* --- making one --- */

static text_t print_symbol(const recent_query_t *question, const ready_answer_t *answer, buffer_t *room)
{
    json_writer_t json = json_write(room);
    subject_form_put(&json, question->symbol);
    json_put_name(&json, TEXT("staleness"));
    notify_put_seconds(room, answer->staleness_ms * NS_PER_MS);
    return buffer_text(room);
}

/* Takes what ring_recent_print has appended behind the array: ,"next":{…} The value; empty: there is none. */
static text_t take_next(buffer_t *out, size_t next_at, char *places)
{
    static const size_t name = sizeof ",'next':" - 1;
    size_t length = out->length - next_at;
    if (length == 0)
        return (text_t){places, 0};
    memcpy(places, out->bytes + next_at + name, length - name);
    out->length = next_at;
    return (text_t){places, length - name};
}

/* A list's name is left out: it stands in front of the answer, in its room. */
static bool put_answer(const recent_query_t *question, answer_form_t form, ring_recent_t *ring_recent, text_t members,
                       buffer_t *out)
{
    char places[RING_RECENT_STREAMS_MAX * (SOURCE_MAX + CURSOR_MAX + 8)];
    const char *list = subject_form_list(question->symbol);
    size_t next_at;
    answer_form_begin(form, members, out);
    if (form == ANSWER_LIST)
        out->length -= strlen(list) + sizeof "\"\":" - 1; /* which ring_recent_print begins with */
    if (!ring_recent_print(ring_recent, list, question->count, out, &next_at) || out->length - next_at > sizeof places)
        return false;
    answer_form_end(form, members, TEXT(""), take_next(out, next_at, places), out);
    return buffer_ok(out);
}

static bool print(const recent_query_t *question, answer_form_t form, ring_recent_t *ring_recent, ready_answer_t *answer)
{
    buffer_t *out = &answer->bytes, room = buffer_new(0);
    buffer_clear(out);
    buffer_clear(&answer->packed);
    if (!buffer_room(out, ANSWER_ROOM))
        return false;
    buffer_took(out, ANSWER_ROOM);
    bool made = put_answer(question, form, ring_recent, print_symbol(question, answer, &room), out);
    if (made && form == ANSWER_REST)
        accept_tag(answer->tag, answer_text(answer));
    buffer_release(&room);
    return made;
}

/* Have the rings, with what is proven, so many trades? Else those of a stream would run out, whatever the merge. */
static bool may_reach(const ring_recent_t *ring_recent, uint64_t count)
{
    uint64_t held = 0;
    bool whole = true;
    for (size_t i = 0; i < ring_recent->count && held < count; i++) {
        const ring_recent_stream_t *stream = &ring_recent->streams[i];
        held += ring_frames(stream->ring);
        whole = whole && stream->coverage.whole;
    }
    return whole || held >= count;
}

ready_answer_t *recent_make(recent_t *self, const recent_query_t *question, answer_form_t form, int64_t now_ns)
{
    market_t *market = markets_find(self->markets, question->symbol);
    int64_t proved_ns;
    ring_recent_t ring_recent;
    if (!market || !self->buses->following || question->after_ns != INT64_MIN || !is_followed(self->offers, market) ||
        !gather(market, question, &ring_recent, &proved_ns) || !may_reach(&ring_recent, question->count) ||
        !holds(market, question, proved_ns, now_ns))
        return NULL;
    ready_answer_t *answer = answer_cache_get(self->answers, question, form);
    if (!answer)
        return NULL;
    int64_t staleness_ms = offers_staleness_ns(self->offers, question->symbol, now_ns) / NS_PER_MS;
    market->kept_ns = now_ns + RECENT_KEPT_MS * NS_PER_MS;
    self->counts.answered++;
    if (answer->version == market->version && answer->staleness_ms == staleness_ms)
        return answer;
    answer->version = 0;
    answer->staleness_ms = staleness_ms;
    bool made = print(question, form, &ring_recent, answer);
    answer->version = made ? market->version : 0;
    answer_cache_grown(self->answers, answer);
    self->counts.made += made;
    self->counts.answered -= !made;
    return made ? answer : NULL;
}

ready_answer_t *recent_find(recent_t *self, const recent_query_t *question, answer_form_t form, int64_t now_ns)
{
    return question->count <= RECENT_AT_ONCE ? recent_make(self, question, form, now_ns) : NULL;
}

text_t recent_compressed(recent_t *self, ready_answer_t *answer)
{
    if (answer->packed.length == 0) {
        buffer_clear(&answer->packed);
        if (!accept_compress(&answer->packed, answer_text(answer)))
            return (text_t){"", 0};
        answer_cache_grown(self->answers, answer);
    }
    return buffer_text(&answer->packed);
}

/* --- following, and learning --- */

/* Would following it be demand, where only a question came? */
static bool is_demand(const offers_t *offers, text_t symbol)
{
    const offer_t *offer;
    bool offered = false;
    for (size_t i = 0; (offer = offers_at(offers, i)); i++) {
        bool has = offer_has(offer, symbol, NULL);
        offered = offered || has;
        if (has && offer->demand)
            return true;
    }
    return !offered;
}

void recent_asks(recent_t *self, const recent_query_t *question, int64_t now_ns)
{
    self->counts.asked++;
    if (is_demand(self->offers, question->symbol))
        return;
    market_t *market = markets_open(self->markets, question->symbol);
    if (market && !markets_keep(self->markets, market, now_ns + RECENT_KEPT_MS * NS_PER_MS))
        markets_release(self->markets, market);
}

static bool is_unwanted(void *arg, const market_t *market)
{
    const recent_t *self = arg;
    return is_demand(self->offers, market->symbol);
}

void recent_tick(recent_t *self, int64_t now_ns)
{
    markets_expire(self->markets, now_ns, is_unwanted, self);
}

const recent_counts_t *recent_counts(const recent_t *self)
{
    return &self->counts;
}

recent_t *recent_new(const offers_t *offers, markets_t *markets, const buses_t *buses)
{
    recent_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->offers = offers;
    self->markets = markets;
    self->buses = buses;
    self->answers = answer_cache_new();
    if (!self->answers)
        recent_destroy(&self);
    return self;
}

void recent_destroy(recent_t **self_p)
{
    recent_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    answer_cache_destroy(&self->answers);
    free(self);
}
