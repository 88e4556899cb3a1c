#include "gatewayd/subscribe/subscribe_state.h"

#include "common/json/json.h"
#include "gatewayd/streams/market.h"
#include "gatewayd/streams/offers.h"

bool subscribe_takes(const subscribe_t *subscribe, const live_stream_t *live_stream)
{
    return subscribe->source.length == 0 || text_equal(subscribe->source, live_stream->source);
}

bool subscribe_said(const subscribe_t *subscribe, const live_stream_t *live_stream, cursor_t *since)
{
    text_t value = subscribe->since, text;
    if (json_kind(value) == JSON_OBJECT) {
        for (json_walk_t walk = json_walk(subscribe->since); json_next(&walk);) {
            if (text_equal(walk.key, live_stream->source))
                return json_plain_string(walk.value, &text) && cursor_parse(text, since);
        }
        return false;
    }
    return json_plain_string(value, &text) && cursor_parse(text, since);
}

/* Where the ring has its epoch still, the client means that, and not the one that connectord had when it came up again with an older journal. */
static bool present_since(const subscribe_t *subscribe, const live_stream_t *live_stream, cursor_t *since)
{
    if (!subscribe_said(subscribe, live_stream, since))
        return false;
    const offer_t *offer = offers_find(subscribe->hub->offers, live_stream->source);
    if (offer && !(live_stream->ring && ring_floor(live_stream->ring).epoch == since->epoch))
        *since = offer_present(offer, live_stream->symbol, *since);
    return true;
}

static const stream_floor_t *find_floor(const subscribe_t *subscribe, const live_stream_t *live_stream)
{
    for (size_t i = 0; i < subscribe->floor_count; i++)
        if (subscribe->floors[i].live_stream == live_stream)
            return &subscribe->floors[i];
    return NULL;
}

bool subscribe_lifted(const subscribe_t *subscribe, const live_stream_t *live_stream, cursor_t *floor)
{
    cursor_t since;
    const stream_floor_t *found = find_floor(subscribe, live_stream);
    if (!found || !present_since(subscribe, live_stream, &since) || cursor_compare(since, found->floor) >= 0)
        return false;
    *floor = found->floor;
    return true;
}

bool subscribe_since(const subscribe_t *subscribe, const live_stream_t *live_stream, cursor_t *since)
{
    return subscribe_lifted(subscribe, live_stream, since) || present_since(subscribe, live_stream, since);
}
