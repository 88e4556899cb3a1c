#include "tests/simulator/websocket.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "tests/simulator/http.h"

enum {
    MESSAGE_MAX_BYTES = 256 * 1024, /* each exchange has a limit of its own below */
    QUERY_BYTES = 64 * 1024,
    ORIGIN_BYTES = 128,
    PATH_BYTES = 128,
};

static const char required_origin[] = "https://exchange.blockchain.com";

/* The wsi's opaque user data. */
typedef struct {
    struct lws *wsi;
    sim_exchange_t *exchange;
    sim_connection_t *connection;
    bool deaf; /* reading has been stopped */
    bool cut;
    size_t length; /* of the message that is coming in */
    char message[MESSAGE_MAX_BYTES + 1];
} sim_websocket_t;

/* --- coming and going -------------------------------------------------------------------------------------------- */

/* The ledger tells when somebody was turned away, so that a test knows how long he stayed away. */
static int refuse(struct lws *wsi, sim_exchange_t *exchange, const char *status, const char *headers, const char *text)
{
    char details[EXCHANGE_STATUS_BYTES];
    snprintf(details, sizeof details, "\"status\":%ld", strtol(status, NULL, 10));
    ledger_event(exchange_ledger(exchange), "refuse", 0, details);
    return http_refuse(wsi, status, headers, text);
}

int websocket_upgrade(struct lws *wsi, sim_exchange_t *exchange)
{
    const char *status, *headers;
    char path[PATH_BYTES] = "", origin[ORIGIN_BYTES] = "";
    lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI);
    lws_hdr_copy(wsi, origin, sizeof origin, WSI_TOKEN_ORIGIN);
    const sim_personality_t *personality = exchange_personality(exchange);
    if (!personality->protocol->serves(path))
        return refuse(wsi, exchange, "404 Not Found", "", "the WebSocket is at /ws\n");
    if (exchange_take_answer(exchange, &status, &headers))
        return refuse(wsi, exchange, status, headers, "as it was told to\n");
    if (exchange_refuses(exchange))
        return refuse(wsi, exchange, "503 Service Unavailable", "", "no connections for a while\n");
    if (personality->asks_origin && !exchange_options(exchange)->any_origin && strcmp(origin, required_origin) != 0)
        return refuse(wsi, exchange, "403 Forbidden", "", "expected Origin: https://exchange.blockchain.com\n");
    return 0;
}

/* Tells the personality where the connection was made. */
static bool tell_opened(struct lws *wsi, sim_exchange_t *exchange, sim_connection_t *connection)
{
    char path[PATH_BYTES] = "";
    char *query = malloc(QUERY_BYTES);
    size_t length = 0;
    if (!query)
        return false;
    lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI);
    for (int i = 0, copied; length + 1 < QUERY_BYTES; i++) { /* libwebsockets has cut it at '&' */
        copied = lws_hdr_copy_fragment(wsi, query + length, (int)(QUERY_BYTES - length - 1), WSI_TOKEN_HTTP_URI_ARGS, i);
        if (copied <= 0)
            break;
        length += (size_t)copied;
        query[length++] = '&';
    }
    query[length > 0 ? length - 1 : 0] = '\0';
    const bool ok = exchange_personality(exchange)->protocol->opened(exchange, connection, path, query);
    free(query);
    return ok;
}

int websocket_opened(struct lws *wsi, sim_exchange_t *exchange)
{
    sim_websocket_t *self = calloc(1, sizeof *self);
    if (!self)
        return -1;
    self->wsi = wsi;
    self->exchange = exchange;
    self->connection = exchange_connect(exchange, self);
    if (!self->connection) {
        free(self);
        return -1;
    }
    lws_set_opaque_user_data(wsi, self);
    return tell_opened(wsi, exchange, self->connection) ? 0 : -1;
}

void websocket_closed(struct lws *wsi)
{
    sim_websocket_t *self = lws_get_opaque_user_data(wsi);
    if (!self)
        return;
    lws_set_opaque_user_data(wsi, NULL);
    exchange_disconnect(self->exchange, self->connection);
    free(self);
}

/* Makes the kernel send RST: with no time to linger, closing drops what waits and resets. */
static void cut(sim_websocket_t *self)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(lws_get_socket_fd(self->wsi), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    lws_set_timeout(self->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    self->cut = true;
}

void websocket_attend(const sim_connection_t *connection)
{
    sim_websocket_t *self = connection_socket(connection);
    const connection_phase_t phase = connection_phase(connection);
    const bool frozen = connection_frozen(connection);
    if (phase == CONNECTION_RESET && !self->cut)
        cut(self);
    if (self->cut || phase == CONNECTION_CLOSED)
        return;
    if (frozen != self->deaf) {
        lws_rx_flow_control(self->wsi, !frozen);
        self->deaf = frozen;
    }
    if (!frozen && (outbox_length(connection_outbox(self->connection)) > 0 || phase == CONNECTION_CLOSING))
        lws_callback_on_writable(self->wsi);
}

/* --- messages ---------------------------------------------------------------------------------------------------- */

int websocket_received(struct lws *wsi, const char *bytes, size_t length)
{
    sim_websocket_t *self = lws_get_opaque_user_data(wsi);
    if (!self)
        return -1;
    if (length > exchange_personality(self->exchange)->message_max_bytes - self->length) {
        connection_close(self->connection, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
        return 0;
    }
    memcpy(self->message + self->length, bytes, length);
    self->length += length;
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0)
        return 0;
    self->message[self->length] = '\0';
    exchange_personality(self->exchange)->protocol->request(self->exchange, self->connection, self->message, self->length);
    self->length = 0;
    return 0;
}

int websocket_pong(struct lws *wsi, const char *bytes, size_t length)
{
    sim_websocket_t *self = lws_get_opaque_user_data(wsi);
    if (self && connection_takes_messages(self->connection))
        exchange_personality(self->exchange)->protocol->pong(self->connection, bytes, length);
    return 0;
}

/* LWS_WRITE_HTTP on a WebSocket is a write without framing: the runs are framed already, a run a call. */
int websocket_writable(struct lws *wsi)
{
    sim_websocket_t *self = lws_get_opaque_user_data(wsi);
    if (!self || self->cut || connection_frozen(self->connection))
        return 0;
    outbox_t *outbox = connection_outbox(self->connection);
    size_t length;
    unsigned char *run;
    while ((run = outbox_run(outbox, &length)) && !lws_send_pipe_choked(wsi)) {
        if (lws_write(wsi, run, length, LWS_WRITE_HTTP) != (int)length)
            return -1;
        outbox_run_sent(outbox);
    }
    if (run || lws_partial_buffered(wsi) || connection_phase(self->connection) != CONNECTION_CLOSING)
        return 0;
    connection_closed(self->connection);
    lws_close_reason(wsi, (enum lws_close_status)connection_close_code(self->connection), NULL, 0);
    return -1;
}
