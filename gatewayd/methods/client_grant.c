#include "gatewayd/methods/client_grant.h"

#include "common/json/json_write.h"
#include "common/log.h"
#include "gatewayd/auth/jwt.h"
#include "gatewayd/forms/subject_form.h"
#include "gatewayd/streams/notify.h"

static const struct {
    unsigned code;
    text_t reason;
} ends[] = {
    [GRANT_NO_TOKEN] = {CLOSE_UNAUTHORIZED, TEXT_CONST("no token came in time")},
    [GRANT_EXPIRED] = {CLOSE_UNAUTHORIZED, TEXT_CONST("the token has expired")},
    [GRANT_ROLE_GONE] = {CLOSE_FORBIDDEN, TEXT_CONST("the token's role is no longer known here")},
};

static void tell_who(const client_t *client)
{
    static log_limit_t limit;
    const identity_t *identity = client->talk.caller.identity;
    log_info_limited(&limit, "client: let in", LOG_SLICE("address", client->talk.caller.address),
                     LOG_SLICE("subject", identity_subject(identity)), LOG_SLICE("role", role_name(identity->role)));
}

static void adopt_identity(client_t *client)
{
    client->talk.caller.identity = grant_identity(client->grant);
}

static void end_subscription(subscription_t *subscription)
{
    conversation_t *talk = subscription->owner->sink;
    buffer_t params = buffer_new(0);
    json_writer_t json = json_write(&params);
    json_open_object(&json, NULL);
    subject_form_put(&json, subscription->market->symbol);
    json_put_text(&json, "reason", TEXT("role"));
    json_close_object(&json);
    readers_forbid(subscription);
    conversation_notify(talk, TEXT("subscription.ended"), buffer_text(&params));
    buffer_release(&params);
}

/* --- grant_events_t --- */

static void on_warn(void *owner)
{
    client_t *client = owner;
    int64_t expires_ns = client->grant->identity.expires_ns;
    buffer_t params = buffer_new(0);
    json_writer_t json = json_write(&params);
    json_open_object(&json, NULL);
    json_put_name(&json, TEXT("expires"));
    notify_put_time(&params, expires_ns);
    json_put_name(&json, TEXT("seconds"));
    notify_put_seconds(&params, expires_ns - hub_now_ns(client->talk.caller.hub));
    json_close_object(&json);
    conversation_notify(&client->talk, TEXT("token.expiring"), buffer_text(&params));
    buffer_release(&params);
}

static void on_over(void *owner, grant_end_t why)
{
    client_t *client = owner;
    adopt_identity(client);
    conversation_end(&client->talk, ends[why].code, ends[why].reason);
}

/* The rings of a market are those of a delay. */
static bool may_keep(const client_t *client, const market_t *market)
{
    return role_may_subject(client_role(client), market->symbol) && market->delay_ns == caller_delay_ns(&client->talk.caller);
}

static void on_changed(void *owner)
{
    client_t *client = owner;
    list_t *subscriptions = &client->readers.subscriptions;
    adopt_identity(client);
    for (list_t *item = subscriptions->next, *next; item != subscriptions; item = next) {
        subscription_t *subscription = LIST_OWNER(item, subscription_t, in_client);
        next = item->next;
        if (!may_keep(client, subscription->market))
            end_subscription(subscription);
    }
}

static const grant_events_t grant_events = {.warn = on_warn, .over = on_over, .changed = on_changed};

/* --- client_grant.h --- */

void client_grant_begin(client_t *client, grant_t *grant)
{
    client->grant = grant;
    adopt_identity(client);
    if (client->talk.caller.identity)
        tell_who(client);
    grant_attach(grant, &grant_events, client);
}

static void put_expires(const identity_t *identity, json_writer_t *json)
{
    if (identity->expires_ns == IDENTITY_FOREVER) {
        json_put_null(json, "expires");
        return;
    }
    json_put_name(json, TEXT("expires"));
    notify_put_time(json->out, identity->expires_ns);
}

static void answer_who(const caller_t *caller, reply_t *reply)
{
    const identity_t *identity = caller->identity;
    text_t subject = identity_subject(identity);
    buffer_t out = buffer_new(0);
    json_writer_t json = json_write(&out);
    json_open_object(&json, NULL);
    if (subject.length > 0)
        json_put_text(&json, "subject", subject);
    else
        json_put_null(&json, "subject");
    json_put_text(&json, "role", role_name(identity->role));
    put_expires(identity, &json);
    json_close_object(&json);
    reply_result(reply, buffer_text(&out));
    buffer_release(&out);
}

static auth_refusal_t take(client_t *client, text_t token)
{
    bool first = !client->talk.caller.identity;
    auth_refusal_t refusal = grant_take(client->grant, token);
    adopt_identity(client);
    if (refusal == AUTH_GRANTED && first && client->talk.caller.identity)
        tell_who(client);
    return refusal;
}

/* Where nobody needs a token each is as good as none. */
void client_grant_take(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    char room[JWT_MAX];
    text_t token = {"", 0};
    client_t *client = caller->client;
    auth_refusal_t refusal = AUTH_TOO_LONG;
    if (client && client->grant && arguments->token.length <= sizeof room && json_string(arguments->token, room, &token))
        refusal = take(client, token);
    else if (caller->identity && !(client && client->grant))
        refusal = AUTH_GRANTED;
    if (refusal == AUTH_GRANTED && caller->identity)
        answer_who(caller, reply);
    else
        caller_refuse(reply, refusal);
}
