#include "gatewayd/operator/subscription_list.h"

#include "common/json/json_write.h"
#include "gatewayd/clients/client.h"
#include "gatewayd/forms/page_token.h"
#include "gatewayd/forms/subject_form.h"
#include "gatewayd/operator/reader_lag.h"

#include <stdlib.h>

/* The first subjects behind a place, in order. */
typedef struct {
    text_t after;
    size_t count, most;
    bool more; /* there are others behind them */
    struct {
        text_t subject;
        const void *item;
    } rows[];
} selection_t;

static selection_t *selection_new(text_t after, size_t most)
{
    selection_t *self = calloc(1, sizeof *self + most * sizeof *self->rows);
    if (!self)
        return NULL;
    self->after = after;
    self->most = most;
    return self;
}

/* The first row that is not before the subject. */
static size_t place_of(const selection_t *self, text_t subject)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (text_compare(self->rows[middle].subject, subject) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void offer(selection_t *self, text_t subject, const void *item)
{
    if (text_compare(subject, self->after) <= 0)
        return;
    size_t place = place_of(self, subject);
    self->more = self->more || self->count == self->most;
    if (place == self->most)
        return;
    size_t moved = (self->count < self->most ? self->count++ : self->most - 1) - place;
    memmove(&self->rows[place + 1], &self->rows[place], moved * sizeof *self->rows);
    self->rows[place].subject = subject;
    self->rows[place].item = item;
}

static json_writer_t begin(buffer_t *out)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "version", TEXT("v1"));
    return json;
}

static void finish(json_writer_t *json, const selection_t *selection)
{
    json_close_array(json);
    if (selection->more) {
        buffer_t place = buffer_new(0);
        buffer_append_json_string(&place, selection->rows[selection->count - 1].subject);
        json_put_name(json, TEXT("next"));
        buffer_append(json->out, TEXT("\""));
        page_token_append(json->out, buffer_text(&place));
        buffer_append(json->out, TEXT("\""));
        buffer_release(&place);
    }
    json_close_object(json);
}

static bool has_readers(const market_t *market)
{
    LIST_EACH(item, &market->live_streams)
    {
        if (LIST_OWNER(item, live_stream_t, in_market)->reader_count > 0)
            return true;
    }
    return false;
}

static void put_market(json_writer_t *json, const market_t *market)
{
    LIST_EACH(item, &market->live_streams)
    {
        const live_stream_t *stream = LIST_OWNER(item, live_stream_t, in_market);
        if (stream->reader_count == 0)
            continue;
        json_open_object(json, NULL);
        subject_form_put(json, market->symbol);
        json_put_text(json, "source", stream->source);
        json_put_u64(json, "clients", stream->reader_count);
        json_close_object(json);
    }
}

subscription_list_t subscription_list_print(const hub_t *hub, text_t after, size_t count, buffer_t *out)
{
    selection_t *selection = selection_new(after, count);
    if (!selection)
        return SUBSCRIPTION_LIST_NO_MEMORY;
    size_t at = 0;
    for (const market_t *market; (market = markets_each(hub->markets, &at));)
        if (has_readers(market))
            offer(selection, market->symbol, market);
    json_writer_t json = begin(out);
    json_open_array(&json, "subscriptions");
    for (size_t i = 0; i < selection->count; i++)
        put_market(&json, selection->rows[i].item);
    finish(&json, selection);
    free(selection);
    return SUBSCRIPTION_LIST_PRINTED;
}

static const client_t *find_client(const hub_t *hub, uint64_t id)
{
    LIST_EACH(item, &hub->clients)
    {
        const client_t *client = LIST_OWNER(item, client_t, talk.in_hub);
        if (client->id == id)
            return client;
    }
    return NULL;
}

static void put_subscription(json_writer_t *json, const subscription_t *subscription)
{
    json_open_object(json, NULL);
    subject_form_put(json, subscription->market->symbol);
    json_open_array(json, "streams");
    LIST_EACH(item, &subscription->readers)
    {
        const reader_t *reader = LIST_OWNER(item, reader_t, in_subscription);
        json_open_object(json, NULL);
        json_put_text(json, "source", reader->live_stream->source);
        json_put_u64(json, "behind", reader_lag(reader));
        json_close_object(json);
    }
    json_close_array(json);
    json_close_object(json);
}

subscription_list_t subscription_list_print_client(const hub_t *hub, uint64_t id, text_t after, size_t count, buffer_t *out)
{
    const client_t *client = find_client(hub, id);
    if (!client)
        return SUBSCRIPTION_LIST_NO_CLIENT;
    selection_t *selection = selection_new(after, count);
    if (!selection)
        return SUBSCRIPTION_LIST_NO_MEMORY;
    LIST_EACH(item, &client->readers.subscriptions)
    {
        const subscription_t *subscription = LIST_OWNER(item, subscription_t, in_client);
        offer(selection, subscription->market->symbol, subscription);
    }
    json_writer_t json = begin(out);
    json_put_u64(&json, "client", id);
    json_open_array(&json, "subscriptions");
    for (size_t i = 0; i < selection->count; i++)
        put_subscription(&json, selection->rows[i].item);
    finish(&json, selection);
    free(selection);
    return SUBSCRIPTION_LIST_PRINTED;
}
