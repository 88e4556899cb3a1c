#include "connectord/websocket/dialer.h"

#include "common/clock.h"

#include <assert.h>
#include <libwebsockets.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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
        .method = "RAW",
        .local_protocol_name = self->config.protocols->name,
        .opaque_user_data = self->arg,
        .pwsi = &self->attempts[number].wsi,
    };
    return lws_client_connect_via_info(&info) != NULL;
}

/* Those that are due. A failure may be told by the callback, from within; or not at all. */
static void dial_due(dialer_t *self, int64_t now_ns)
{
    int number;
    for (size_t i = 0; i < self->race.begun; i++)
        if (self->attempts[i].tls)
            address_race_stands(&self->race);
    while (self->racing && (number = address_race_next(&self->race, now_ns)) >= 0) {
        size_t failed = self->race.failed;
        if (dial(self, (size_t)number))
            continue;
        transport_release(&self->attempts[number]);
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
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = "upstream",
        .protocols = config->protocols,
        .http_proxy_address = getenv("http_proxy") ? "" : NULL,
        .timeout_secs = config->timeout_s,
    };
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
        struct lws *wsi = self->attempts[i].wsi;
        transport_release(&self->attempts[i]);
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
        if (self->attempts[i].wsi == wsi)
            return i;
    return SIZE_MAX;
}

void dialer_lost(dialer_t *self, const struct lws *wsi, text_t error)
{
    size_t number = number_of(self, wsi);
    if (number == SIZE_MAX)
        return;
    snprintf(self->reason, sizeof self->reason, "%s: %.*s", self->race.addresses[number].text, TEXT_ARG(error));
    transport_release(&self->attempts[number]);
    address_race_failed(&self->race, clock_mono_ns());
    loop_timer_start(self->step, 0, 0);
}

static dialer_progress_t lose(dialer_t *self, const struct lws *wsi, const char *error)
{
    dialer_lost(self, wsi, text_of(error));
    return DIALER_FAILED;
}

static dialer_progress_t shake_hands(dialer_t *self, transport_t *attempt)
{
    tls_result_t result = tls_shake_hands(attempt->tls);
    if (!transport_flush(attempt)) /* when it has failed, too: the exchange is told why */
        return lose(self, attempt->wsi, "the connection broke");
    if (result == TLS_DONE)
        return DIALER_STANDS;
    return result == TLS_WAITING ? DIALER_PENDING : lose(self, attempt->wsi, tls_wrong(attempt->tls));
}

dialer_progress_t dialer_connected(dialer_t *self, struct lws *wsi)
{
    size_t number = number_of(self, wsi);
    assert(number != SIZE_MAX);
    transport_t *attempt = &self->attempts[number];
    if (!self->config.url->tls)
        return DIALER_STANDS;
    attempt->tls = tls_new(self->config.trust, self->config.url->host);
    return attempt->tls ? shake_hands(self, attempt) : lose(self, wsi, "no memory for TLS");
}

dialer_progress_t dialer_received(dialer_t *self, struct lws *wsi, text_t bytes)
{
    size_t number = number_of(self, wsi);
    assert(number != SIZE_MAX);
    transport_t *attempt = &self->attempts[number];
    return tls_feed(attempt->tls, bytes) ? shake_hands(self, attempt) : lose(self, wsi, "no memory for TLS");
}

transport_t dialer_take(dialer_t *self, struct lws *wsi)
{
    self->taken = number_of(self, wsi);
    assert(self->taken != SIZE_MAX);
    transport_t transport = self->attempts[self->taken];
    self->attempts[self->taken] = (transport_t){0};
    dialer_stop(self);
    return transport;
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
