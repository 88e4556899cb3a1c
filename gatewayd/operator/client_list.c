#include "gatewayd/operator/client_list.h"

#include "gatewayd/clients/client.h"
#include "gatewayd/forms/page_token.h"
#include "gatewayd/operator/reader_lag.h"
#include "gatewayd/streams/notify.h"

typedef struct {
    uint64_t behind; /* records */
    size_t streams;
} lag_t;

static const char *transport_of(const client_t *client)
{
    switch (client->talk.end.link->dialect) {
    case DIALECT_SIGNALR:
        return "signalr";
    case DIALECT_SSE:
        return "sse";
    default:
        return "websocket";
    }
}

static lag_t lag_of(const client_t *client)
{
    lag_t lag = {0};
    LIST_EACH(item, &client->readers.subscriptions)
    {
        const subscription_t *subscription = LIST_OWNER(item, subscription_t, in_client);
        LIST_EACH(other, &subscription->readers)
        {
            lag.behind += reader_lag(LIST_OWNER(other, reader_t, in_subscription));
            lag.streams++;
        }
    }
    return lag;
}

/* Nobody has introduced themselves yet, or has no name: null. */
static void put_identity(json_writer_t *json, const identity_t *identity)
{
    if (identity && identity->subject_length > 0)
        json_put_text(json, "subject", identity_subject(identity));
    else
        json_put_null(json, "subject");
    if (identity)
        json_put_text(json, "role", role_name(identity->role));
    else
        json_put_null(json, "role");
}

/* Returns how many streams were looked at. */
static size_t put_client(json_writer_t *json, const client_t *client)
{
    const caller_t *caller = &client->talk.caller;
    lag_t lag = lag_of(client);
    json_open_object(json, NULL);
    json_put_u64(json, "id", client->id);
    json_put_text(json, "address", caller->address);
    json_put_text(json, "transport", text_of(transport_of(client)));
    put_identity(json, caller->identity);
    json_put_name(json, TEXT("since"));
    notify_put_time(json->out, client->since_ns);
    json_put_u64(json, "subscriptions", client->readers.subscription_count);
    json_put_u64(json, "streams", lag.streams);
    json_put_u64(json, "sent_bytes", client->talk.sent_bytes);
    json_put_u64(json, "sent_trades", client->sent_trades);
    json_put_u64(json, "waiting_bytes", client->talk.outbox.length + client->talk.kept);
    json_put_u64(json, "behind", lag.behind);
    json_put_u64(json, "catching_up", client->readers.behind);
    json_close_object(json);
    return lag.streams;
}

void client_list_begin(client_list_t *self, const hub_t *hub, uint64_t after, size_t count, buffer_t *out)
{
    *self = (client_list_t){.hub = hub, .json = json_write(out), .after = after, .left = count};
    json_open_object(&self->json, NULL);
    json_put_text(&self->json, "version", TEXT("v1"));
    json_put_u64(&self->json, "total", hub->client_count);
    json_open_array(&self->json, "clients");
}

static void finish(client_list_t *self, bool more)
{
    json_close_array(&self->json);
    if (more) {
        char digits[20];
        json_put_name(&self->json, TEXT("next"));
        buffer_append(self->json.out, TEXT("\""));
        page_token_append(self->json.out, (text_t){digits, text_from_u64(digits, self->after)});
        buffer_append(self->json.out, TEXT("\""));
    }
    json_close_object(&self->json);
}

/* They stand in the order of their ids, and none is kept between two pieces, since it may be gone then. */
bool client_list_step(client_list_t *self)
{
    size_t clients = 0, streams = 0;
    LIST_EACH(item, &self->hub->clients)
    {
        const client_t *client = LIST_OWNER(item, client_t, talk.in_hub);
        if (client->id <= self->after)
            continue;
        if (self->left == 0) {
            finish(self, true);
            return false;
        }
        if (clients == CLIENT_LIST_PIECE_CLIENTS || streams >= CLIENT_LIST_PIECE_STREAMS)
            return true;
        streams += put_client(&self->json, client);
        clients++;
        self->left--;
        self->after = client->id;
    }
    finish(self, false);
    return false;
}
