#include "tests/simulator/server.h"

#include <errno.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tests/simulator/address.h"
#include "tests/simulator/clock.h"
#include "tests/simulator/http.h"
#include "tests/simulator/websocket.h"

enum {
    FILES_MAX = 4096,          /* libwebsockets makes tables of this size: "unlimited" would cost gigabytes */
    FILES_SPARE = 64,          /* not for connections */
    HEADERS_MAX_BYTES = 65536, /* a query may name a thousand streams */
    TICK_NS = 1000000,
    STOP_MS = 500,
};

struct sim_server {
    sim_exchange_t *exchange;
    struct lws_context *context;
    struct lws_vhost *vhost;
    size_t sockets; /* accepted and not closed yet */
    size_t sockets_max;
    bool stopping;
    int64_t stop_by_ns;
};

/* --- what libwebsockets calls ------------------------------------------------------------------------------------ */

static sim_server_t *server_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

static int on_client(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    sim_server_t *self = server_of(wsi);
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return self->sockets >= self->sockets_max;
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        self->sockets++;
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        self->sockets--;
        return 0;
    case LWS_CALLBACK_HTTP:
        return http_request(wsi, self->exchange, in);
    case LWS_CALLBACK_HTTP_BODY:
        return http_body(wsi, in, length);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return http_body_complete(wsi);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return http_writable(wsi);
    case LWS_CALLBACK_CLOSED_HTTP:
        http_closed(wsi);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return websocket_upgrade(wsi, self->exchange);
    case LWS_CALLBACK_ESTABLISHED:
        return websocket_opened(wsi, self->exchange);
    case LWS_CALLBACK_RECEIVE:
        return websocket_received(wsi, in, length);
    case LWS_CALLBACK_RECEIVE_PONG:
        return websocket_pong(wsi, in, length);
    case LWS_CALLBACK_TIMER:
        return http_due(wsi);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return websocket_writable(wsi);
    case LWS_CALLBACK_CLOSED:
        websocket_closed(wsi);
        return 0;
    default:
        return 0;
    }
}

static void server_tick(sim_server_t *self)
{
    sigset_t pending;
    sigpending(&pending);
    if (self->stopping || (!sigismember(&pending, SIGTERM) && !sigismember(&pending, SIGINT)))
        return;
    self->stopping = true;
    self->stop_by_ns = clock_mono_ns() + STOP_MS * NS_PER_MS;
    player_pause(exchange_player(self->exchange));
    for (size_t i = 0; i < exchange_connections(self->exchange); i++)
        connection_close(exchange_connection(self->exchange, i), LWS_CLOSE_STATUS_GOINGAWAY);
}

/* A timerfd beats libwebsockets' own timers here: with poll those spin through the last millisecond. */
static int on_tick(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    uint64_t expirations;
    (void)user;
    (void)in;
    (void)length;
    if (reason == LWS_CALLBACK_RAW_RX_FILE && read(lws_get_socket_fd(wsi), &expirations, sizeof expirations) > 0)
        server_tick(server_of(wsi));
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "exchange", .callback = on_client, .tx_packet_size = OUTBOX_RUN_BYTES},
    {.name = "tick", .callback = on_tick},
    {0},
};

/* --- setting up -------------------------------------------------------------------------------------------------- */

static size_t limit_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > FILES_SPARE ? (size_t)limit.rlim_cur - FILES_SPARE : 1;
}

/* They stay pending, and the tick looks for them: no handler, no global flag. */
static void block_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGTERM, SIG_DFL); /* a shell may have started us with SIGINT ignored: then it would not stay pending */
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
}

/* With IPv6 lws would listen on all addresses, whatever it is told. */
static uint64_t server_options(const sim_options_t *options)
{
    return LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DISABLE_IPV6 |
           (options->certificate ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0);
}

static bool server_listen(sim_server_t *self, const sim_options_t *options)
{
    char address[INET_ADDRSTRLEN];
    if (!address_try(options->host, options->port, address))
        return false;
    const struct lws_context_creation_info info = {
        .options = server_options(options),
        .port = options->port,
        .iface = address,
        .protocols = protocols,
        .vhost_name = "exchange",
        .alpn = "http/1.1",
        .ssl_cert_filepath = options->certificate,
        .ssl_private_key_filepath = options->certificate_key,
    };
    self->vhost = lws_create_vhost(self->context, &info);
    if (!self->vhost && options->certificate)
        fprintf(stderr, "exchange-simulator: --tls: expected a certificate and its key in PEM, found \"%s,%s\"\n",
                options->certificate, options->certificate_key);
    else if (!self->vhost)
        fprintf(stderr, "exchange-simulator: --listen %s:%d: libwebsockets could not\n", options->host, options->port);
    return self->vhost;
}

static bool server_start_ticking(sim_server_t *self)
{
    const struct itimerspec every_tick = {{.tv_nsec = TICK_NS}, {.tv_nsec = TICK_NS}};
    lws_sock_file_fd_type timer = {.filefd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
    if (timer.filefd == -1 || timerfd_settime(timer.filefd, 0, &every_tick, NULL) == -1 ||
        !lws_adopt_descriptor_vhost(self->vhost, LWS_ADOPT_RAW_FILE_DESC, timer, "tick", NULL)) {
        fprintf(stderr, "exchange-simulator: timer: %s\n", strerror(errno));
        return false;
    }
    return true;
}

sim_server_t *server_new(const sim_options_t *options, sim_exchange_t *exchange)
{
    sim_server_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->exchange = exchange;
    self->sockets_max = limit_files();
    block_signals();
    lws_set_log_level(0, NULL);
    const struct lws_context_creation_info info = {
        .options = server_options(options),
        .gid = -1,
        .uid = -1,
        .user = self,
        .max_http_header_data2 = HEADERS_MAX_BYTES,
    };
    self->context = lws_create_context(&info);
    if (!self->context)
        fprintf(stderr, "exchange-simulator: libwebsockets could not start\n");
    if (!self->context || !server_listen(self, options) || !server_start_ticking(self)) {
        server_destroy(&self);
        return NULL;
    }
    printf("exchange-simulator: listening on %s://%s:%d/ws\n", options->certificate ? "wss" : "ws", options->host,
           lws_get_vhost_listen_port(self->vhost));
    fflush(stdout);
    return self;
}

void server_destroy(sim_server_t **self)
{
    if (!*self)
        return;
    if ((*self)->context)
        lws_context_destroy((*self)->context);
    free(*self);
    *self = NULL;
}

/* --- running ----------------------------------------------------------------------------------------------------- */

static bool server_stopped(const sim_server_t *self)
{
    return self->stopping && (exchange_connections(self->exchange) == 0 || clock_mono_ns() > self->stop_by_ns);
}

void server_run(sim_server_t *self)
{
    while (!server_stopped(self) && lws_service(self->context, 0) >= 0) {
        exchange_turn(self->exchange);
        for (size_t i = 0; i < exchange_connections(self->exchange); i++)
            websocket_attend(exchange_connection(self->exchange, i));
    }
}
