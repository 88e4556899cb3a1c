#include "connectord/websocket/dialer.h"

#include "common/clock.h"

#include <assert.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

__attribute__((format(printf, 3, 4))) static void fail(dialer_t *self, loss_kind_t kind, const char *format, ...)
{
    char reason[sizeof self->reason];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    dialer_stop(self);
    self->failed(self->arg, &(loss_t){.reason = reason, .kind = kind});
}

static bool dial(dialer_t *self, size_t number)
{
    const ws_url_t *url = self->config.url;
    struct lws_client_connect_info info = {
        .context = web_context(self->web),
        .vhost = self->vhost,
        .address = self->race.addresses[number].text,
        .port = url->port,
        .method = url->tls ? NULL : "RAW", /* 4.1.6 can't begin TLS on a connection that is not of its own protocols */
        .path = url->path,
        .host = url->authority, /* for the certificate, too */
        .ssl_connection = (url->tls ? LCCSCF_USE_SSL : 0) | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
        .alpn = "http/1.1",
        .local_protocol_name = self->config.protocols->name,
        .opaque_user_data = self->arg,
        .pwsi = &self->attempts[number],
    };
    return lws_client_connect_via_info(&info) != NULL;
}

static bool tcp_stands(struct lws *wsi)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    return getsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_state == TCP_ESTABLISHED;
}

/* Those that are due. A failure may be told by the callback, from within; or not at all. */
static void dial_due(dialer_t *self, int64_t now_ns)
{
    int number;
    for (size_t i = 0; i < self->race.begun; i++)
        if (self->config.url->tls && self->attempts[i] && tcp_stands(self->attempts[i]))
            address_race_stands(&self->race);
    while (self->racing && (number = address_race_next(&self->race, now_ns)) >= 0) {
        size_t failed = self->race.failed;
        if (dial(self, (size_t)number))
            continue;
        self->attempts[number] = NULL;
        if (self->race.failed == failed)
            address_race_failed(&self->race, now_ns);
    }
}

static void race(dialer_t *self)
{
    int64_t now_ns = clock_mono_ns(), due_ns;
    dial_due(self, now_ns);
    if (!self->racing)
        return; /* one stands already */
    if (address_race_is_lost(&self->race))
        fail(self, LOSS_USUAL, "%s", self->reason);
    else if ((due_ns = address_race_due_ns(&self->race)) != INT64_MAX)
        loop_timer_start(self->step, (uint64_t)((due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS), 0);
}

static void on_addresses(void *arg, const lookup_address_t *addresses, size_t count, const char *error)
{
    dialer_t *self = arg;
    self->lookup = NULL;
    if (count == 0) {
        fail(self, LOSS_LOOKUP, "can't look up %s: %s", self->config.url->host, error);
        return;
    }
    address_race_begin(&self->race, addresses, count, clock_mono_ns());
    memset(self->attempts, 0, sizeof self->attempts);
    self->racing = true;
    race(self);
}

static void on_step(void *arg)
{
    dialer_t *self = arg;
    if (self->racing)
        race(self);
    else if (!(self->lookup = lookup_start(self->loop, self->config.url->host, on_addresses, self)))
        fail(self, LOSS_LOOKUP, "can't look up %s: the system refuses", self->config.url->host);
}

/* An empty proxy keeps lws from the environment's. */
static struct lws_vhost *make_vhost(web_t *web, const dialer_config_t *config)
{
    bool own_ca = config->ca[0] != '\0';
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = "upstream",
        .protocols = config->protocols,
        .http_proxy_address = getenv("http_proxy") ? "" : NULL,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .client_ssl_ca_filepath = own_ca ? config->ca : NULL,
        .timeout_secs = config->timeout_s,
    };
    if (own_ca || !config->url->tls)
        info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS; /* to read all of the system's takes 30 ms */
    return lws_create_vhost(web_context(web), &info);
}

bool dialer_open(dialer_t *self, loop_t *loop, web_t *web, const dialer_config_t *config, dialer_failed_fn *failed, void *arg)
{
    *self = (dialer_t){.loop = loop, .web = web, .config = *config, .failed = failed, .arg = arg};
    self->step = loop_timer_new(loop, on_step, self);
    self->vhost = make_vhost(web, config);
    return self->step && self->vhost;
}

void dialer_close(dialer_t *self)
{
    if (self->step)
        dialer_stop(self);
    loop_timer_destroy(&self->step);
}

void dialer_start(dialer_t *self)
{
    snprintf(self->reason, sizeof self->reason, "can't connect to %s", self->config.url->host);
    loop_timer_start(self->step, 0, 0);
}

static void close_attempts(dialer_t *self)
{
    for (size_t i = 0; i < self->race.begun; i++) {
        struct lws *wsi = self->attempts[i];
        self->attempts[i] = NULL;
        if (!wsi)
            continue;
        lws_set_opaque_user_data(wsi, NULL);
        lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_SYNC);
    }
}

void dialer_stop(dialer_t *self)
{
    loop_timer_stop(self->step);
    lookup_cancel(&self->lookup);
    self->racing = false;
    close_attempts(self);
}

bool dialer_is_looking_up(const dialer_t *self)
{
    return self->lookup != NULL;
}

/* SIZE_MAX for any other. */
static size_t number_of(const dialer_t *self, const struct lws *wsi)
{
    for (size_t i = 0; i < self->race.begun; i++)
        if (self->attempts[i] == wsi)
            return i;
    return SIZE_MAX;
}

void dialer_take(dialer_t *self, struct lws *wsi)
{
    self->taken = number_of(self, wsi);
    assert(self->taken != SIZE_MAX);
    self->attempts[self->taken] = NULL;
    dialer_stop(self);
}

void dialer_lost(dialer_t *self, const struct lws *wsi, text_t error)
{
    size_t number = number_of(self, wsi);
    if (number == SIZE_MAX)
        return;
    self->attempts[number] = NULL;
    address_race_failed(&self->race, clock_mono_ns());
    snprintf(self->reason, sizeof self->reason, "%s: %.*s", self->race.addresses[number].text, TEXT_ARG(error));
    loop_timer_start(self->step, 0, 0);
}

void dialer_opened(dialer_t *self)
{
    address_race_opened(&self->race, self->taken);
}

void dialer_led_nowhere(dialer_t *self)
{
    address_race_led_nowhere(&self->race, self->taken);
}

/* Those that were on their way when it was taken have had their turn. */
void dialer_go_on(dialer_t *self, const char *reason)
{
    snprintf(self->reason, sizeof self->reason, "%s", reason);
    while (self->race.failed < self->race.begun)
        address_race_failed(&self->race, clock_mono_ns());
    self->racing = true;
    loop_timer_start(self->step, 0, 0);
}
