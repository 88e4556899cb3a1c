/* Prints the trades of a symbol that one source brings; after a lost connection it resumes exactly where it was.
 *
 *     cc -o watch watch.c -lwebsockets && ./watch 127.0.0.1 8080 BTC-USD
 *
 * A trade's members come in one order (proto/bus.md), so a prefix is enough to know one by, and the rest is read in passing.
 */
#include <inttypes.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 64 * 1024, REQUEST_MAX = 256, RETRY_US = 1000 * 1000 };

#define UPDATE "{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\",\"params\":"

typedef struct {
    lws_sorted_usec_list_t retry; /* first, so that the timer's callback finds the rest */
    struct lws_context *context;
    const char *host, *symbol;
    int port;
    uint64_t epoch, seq; /* the cursor: all that has to be remembered. 0-0: none yet */
    char message[MESSAGE_MAX];
    size_t length; /* of a message that is not whole yet */
} watch_t;

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static void connect_now(lws_sorted_usec_list_t *retry)
{
    watch_t *self = (watch_t *)retry;
    struct lws_client_connect_info info = {.context = self->context,
                                           .address = self->host,
                                           .host = self->host,
                                           .port = self->port,
                                           .path = "/ws",
                                           .local_protocol_name = "watch"};
    self->length = 0;
    lws_client_connect_via_info(&info); /* when that fails, the callback hears of it */
}

static void connect_later(watch_t *self)
{
    lws_sul_schedule(self->context, 0, &self->retry, connect_now, RETRY_US);
}

static int subscribe(watch_t *self, struct lws *wsi)
{
    char buffer[LWS_PRE + REQUEST_MAX], since[64] = "";
    if (self->epoch)
        snprintf(since, sizeof since, ",\"since\":\"%" PRIu64 "-%" PRIu64 "\"", self->epoch, self->seq);
    int length = snprintf(buffer + LWS_PRE, REQUEST_MAX,
                          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":"
                          "{\"channel\":\"trades\",\"symbol\":\"%s\"%s}}",
                          self->symbol, since);
    return lws_write(wsi, (unsigned char *)buffer + LWS_PRE, (size_t)length, LWS_WRITE_TEXT);
}

/* Reads `<epoch><between><seq>`. */
static void read_cursor(watch_t *self, const char *text, const char *between)
{
    char *end;
    self->epoch = strtoull(text, &end, 10);
    if (strncmp(end, between, strlen(between)) == 0)
        self->seq = strtoull(end + strlen(between), NULL, 10);
}

/* Where the value of a member begins; the end of the text when there is none. */
static const char *value_of(const char *text, const char *member)
{
    const char *found = strstr(text, member);
    return found ? found + strlen(member) : text + strlen(text);
}

/* What is no trade: the answer, a gap, an exchange that is lost. False for a refusal. */
static bool take_other(watch_t *self)
{
    if (!strstr(self->message, "\"result\":"))
        fprintf(stderr, "%s\n", self->message);
    else if (!self->epoch)
        read_cursor(self, value_of(self->message, "\"cursor\":\""), "-");
    return !strstr(self->message, "\"error\":");
}

static bool take(watch_t *self)
{
    self->message[self->length] = '\0';
    self->length = 0;
    if (strncmp(self->message, UPDATE, strlen(UPDATE)) != 0)
        return take_other(self);
    const char *trade = self->message + strlen(UPDATE);
    read_cursor(self, value_of(trade, "{\"epoch\":"), ",\"seq\":");
    const char *qty = value_of(trade, "\"qty\":"), *price = value_of(trade, "\"price\":");
    printf("%" PRIu64 "-%" PRIu64 " %s %.*s %.*s %.*s\n", self->epoch, self->seq, self->symbol,
           (int)strcspn(value_of(trade, "\"side\":\""), "\""), value_of(trade, "\"side\":\""), (int)strcspn(qty, ",}"), qty,
           (int)strcspn(price, ",}"), price);
    fflush(stdout);
    return true;
}

/* False when the connection is unusable: the message is too long, or a refusal. */
static bool receive(watch_t *self, struct lws *wsi, const char *in, size_t length)
{
    if (self->length + length >= sizeof self->message)
        return false;
    memcpy(self->message + self->length, in, length);
    self->length += length;
    return !lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0 || take(self);
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    (void)user;
    watch_t *self = lws_context_user(lws_get_context(wsi));
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return subscribe(self, wsi) > 0 ? 0 : -1;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return receive(self, wsi, in, length) ? 0 : -1;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
        fprintf(stderr, "lost: %.*s\n", (int)length, in ? (const char *)in : "");
        connect_later(self);
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s HOST PORT SYMBOL\n", argv[0]);
        return 2;
    }
    static watch_t self;
    const struct lws_protocols protocols[] = {{.name = "watch", .callback = callback}, {0}};
    const struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols, .user = &self};
    self.host = argv[1];
    self.port = (int)strtol(argv[2], NULL, 10);
    self.symbol = argv[3];
    lws_set_log_level(LLL_ERR, NULL);
    self.context = lws_create_context(&info);
    if (!self.context)
        return EXIT_FAILURE;
    signal(SIGINT, interrupt);
    connect_later(&self);
    while (!interrupted && lws_service(self.context, 0) >= 0)
        ;
    lws_context_destroy(self.context);
    return EXIT_SUCCESS;
}
