#include "gatewayd/fanout.h"

#include "gatewayd/notify.h"

/* Queues the readers of a channel that have something to read now, and their clients. */
static void touch_readers(channel_t *channel, list_t *clients)
{
    LIST_EACH(item, &channel->readers)
    {
        reader_t *reader = LIST_OWNER(item, reader_t, in_channel);
        client_t *client = reader->subscription->client;
        if (reader_touch(reader) && !list_linked(&client->in_pump))
            list_append(clients, &client->in_pump);
    }
}

void fanout_flush(hub_t *hub)
{
    list_t clients, *item;
    list_init(&clients);
    channel_t *channel;
    while ((channel = markets_take_dirty(hub->markets)))
        touch_readers(channel, &clients);
    while ((item = list_take(&clients)))
        client_pump(LIST_OWNER(item, client_t, in_pump));
}

void fanout_stream(hub_t *hub, channel_t *channel)
{
    LIST_EACH(item, &channel->readers)
    reader_stream_known(LIST_OWNER(item, reader_t, in_channel));
    market_t *market = markets_find(hub->markets, channel->symbol);
    LIST_EACH(item, &market->subscriptions)
    {
        subscription_t *subscription = LIST_OWNER(item, subscription_t, in_market);
        if (!subscription->all || !subscription->answered || subscription_reader(subscription, channel))
            continue;
        reader_t *reader = reader_new(subscription, channel);
        if (reader)
            reader_seat(reader, ring_floor(channel->ring));
    }
}

void fanout_source(hub_t *hub, const offer_t *offer, bool up)
{
    buffer_t params = buffer_new(0);
    if (up)
        notify_restored(&params, offer);
    else
        notify_lost(&params, offer, hub->now_ns);
    hub->round++;
    size_t at = 0;
    market_t *market;
    while ((market = markets_each(hub->markets, &at))) {
        channel_t *channel = market_find(market, offer->name);
        if (!channel)
            continue;
        LIST_EACH(item, &channel->readers)
        {
            client_t *client = LIST_OWNER(item, reader_t, in_channel)->subscription->client;
            if (client->round != hub->round)
                client_notify(client, up ? TEXT("connection.restored") : TEXT("connection.lost"), buffer_text(&params));
            client->round = hub->round;
        }
    }
    buffer_release(&params);
}

static void tell_readers(hub_t *hub, const offer_t *offer, const offer_stale_t *change)
{
    market_t *market = markets_find(hub->markets, change->symbol);
    channel_t *channel = market ? market_find(market, offer->name) : NULL;
    if (!channel)
        return;
    buffer_t params = buffer_new(0);
    if (change->stale)
        notify_stale(&params, offer, change, hub->now_ns);
    else
        notify_fresh(&params, offer, change, hub->now_ns);
    LIST_EACH(item, &channel->readers)
    {
        client_t *client = LIST_OWNER(item, reader_t, in_channel)->subscription->client;
        client_notify(client, change->stale ? TEXT("connection.lost") : TEXT("connection.restored"), buffer_text(&params));
    }
    buffer_release(&params);
}

void fanout_stale(hub_t *hub, const offer_t *offer)
{
    size_t at = 0;
    offer_stale_t change;
    while (offer_each_change(offer, &at, &change))
        tell_readers(hub, offer, &change);
}
