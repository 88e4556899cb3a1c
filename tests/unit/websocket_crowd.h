/* A WebSocket server for several clients, in the test's own loop: each is a websocket_server_t, in the order in which they came. */
#pragma once

#include "tests/unit/websocket_server.h"

enum { CROWD_MAX = 16, CROWD_HEARD_MAX = 65536 };

static struct {
    websocket_server_t clients[CROWD_MAX];
    size_t count;                           /* that have come, whether or not they are there */
    bool refuses;                           /* the next ones are not let in */
    size_t refused;                         /* … so many were not */
    char heard[CROWD_MAX][CROWD_HEARD_MAX]; /* a message a line */
    char url[64];
    void (*upon_message)(websocket_server_t *client, text_t message); /* NULL: it is only heard */
} crowd;

static inline size_t crowd_number(const websocket_server_t *client)
{
    return (size_t)(client - crowd.clients);
}

static inline size_t crowd_there(void)
{
    size_t there = 0;
    for (size_t i = 0; i < crowd.count; i++)
        there += crowd.clients[i].wsi != NULL;
    return there;
}

static inline void crowd_on_message(websocket_server_t *client, text_t message)
{
    char *log = crowd.heard[crowd_number(client)];
    size_t length = strlen(log);
    snprintf(log + length, CROWD_HEARD_MAX - length, "%.*s\n", TEXT_ARG(message));
    if (crowd.upon_message)
        crowd.upon_message(client, message);
}

static inline websocket_server_t *crowd_find(const struct lws *wsi)
{
    for (size_t i = 0; i < crowd.count; i++)
        if (crowd.clients[i].wsi == wsi)
            return &crowd.clients[i];
    return NULL;
}

static inline int crowd_on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    (void)user;
    if (reason == LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION && crowd.refuses) {
        crowd.refused++;
        return -1;
    }
    if (reason == LWS_CALLBACK_ESTABLISHED) {
        ck_assert_uint_lt(crowd.count, CROWD_MAX);
        crowd.clients[crowd.count] = (websocket_server_t){.on_message = crowd_on_message, .outbox = buffer_new(0), .wsi = wsi};
        crowd.count++;
    }
    websocket_server_t *client = wsi ? crowd_find(wsi) : NULL;
    return client ? server_event(client, wsi, reason, in, length) : 0;
}

static const struct lws_protocols crowd_protocols[] = {{.name = "crowd", .callback = crowd_on_lws}, {0}};

static inline void crowd_start(web_t *of)
{
    struct lws_context_creation_info info = {.iface = "127.0.0.1",
                                             .vhost_name = "crowd",
                                             .protocols = crowd_protocols,
                                             .options = LWS_SERVER_OPTION_DISABLE_IPV6 /* else lws listens everywhere */};
    memset(&crowd, 0, sizeof crowd);
    struct lws_vhost *vhost = lws_create_vhost(web_context(of), &info);
    ck_assert_ptr_nonnull(vhost);
    snprintf(crowd.url, sizeof crowd.url, "ws://localhost:%d/ws", lws_get_vhost_listen_port(vhost));
}

/* After web_destroy. */
static inline void crowd_release(void)
{
    for (size_t i = 0; i < crowd.count; i++)
        server_release(&crowd.clients[i]);
}
