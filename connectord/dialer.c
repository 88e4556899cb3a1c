#include "connectord/dialer.h"

#include <assert.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

/* An empty proxy keeps lws from the environment's. */
bool dialer_open(dialer_t *self, web_t *web, const struct lws_protocols *protocols, const char *ca, bool tls,
                 unsigned timeout_s)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = "upstream",
        .protocols = protocols,
        .http_proxy_address = getenv("http_proxy") ? "" : NULL,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .timeout_secs = timeout_s,
    };
    if (ca[0] != '\0')
        info.client_ssl_ca_filepath = ca;
    if (ca[0] != '\0' || !tls)
        info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS; /* to read all of the system's takes 30 ms */
    *self = (dialer_t){.web = web, .vhost = lws_create_vhost(web_context(web), &info), .protocol = protocols, .tls = tls};
    return self->vhost != NULL;
}

static bool dial(dialer_t *self, const url_t *url, size_t number, void *opaque)
{
    struct lws_client_connect_info info = {
        .context = web_context(self->web),
        .vhost = self->vhost,
        .address = self->race.addresses[number].text,
        .port = url->port,
        .method = self->tls ? NULL : "RAW", /* 4.1.6 can't begin TLS on a connection that is not of its own protocols */
        .path = url->path,
        .host = url->authority, /* for the certificate, too */
        .ssl_connection = (self->tls ? LCCSCF_USE_SSL : 0) | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
        .alpn = "http/1.1",
        .local_protocol_name = self->protocol->name,
        .opaque_user_data = opaque,
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

static void close_attempt(struct lws *wsi)
{
    lws_set_opaque_user_data(wsi, NULL);
    lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_SYNC);
}

void dialer_begin(dialer_t *self, const lookup_address_t *addresses, size_t count, int64_t now_ns)
{
    address_race_begin(&self->race, addresses, count, now_ns);
    memset(self->attempts, 0, sizeof self->attempts);
    self->racing = true;
}

void dialer_go_on(dialer_t *self, const url_t *url, void *opaque, int64_t now_ns)
{
    for (size_t i = 0; i < self->race.begun; i++)
        if (self->tls && self->attempts[i] && tcp_stands(self->attempts[i]))
            address_race_stands(&self->race);
    int number;
    while (self->racing && (number = address_race_next(&self->race, now_ns)) >= 0) {
        size_t failed = self->race.failed;
        if (dial(self, url, (size_t)number, opaque))
            continue;
        self->attempts[number] = NULL;
        if (self->race.failed == failed) /* the callback has not been told */
            address_race_failed(&self->race, now_ns);
    }
}

int64_t dialer_due_ns(const dialer_t *self)
{
    return self->racing ? address_race_due_ns(&self->race) : INT64_MAX;
}

bool dialer_is_lost(const dialer_t *self)
{
    return self->racing && address_race_is_lost(&self->race);
}

/* SIZE_MAX when it is none of them. */
static size_t number_of(const dialer_t *self, const struct lws *wsi)
{
    for (size_t i = 0; i < self->race.begun; i++)
        if (self->attempts[i] == wsi)
            return i;
    return SIZE_MAX;
}

void dialer_abandon(dialer_t *self)
{
    self->racing = false;
    for (size_t i = 0; i < self->race.begun; i++) {
        struct lws *wsi = self->attempts[i];
        self->attempts[i] = NULL;
        if (wsi)
            close_attempt(wsi);
    }
}

void dialer_take(dialer_t *self, struct lws *wsi)
{
    self->taken = number_of(self, wsi);
    assert(self->taken != SIZE_MAX);
    self->attempts[self->taken] = NULL;
    dialer_abandon(self);
}

const char *dialer_failed(dialer_t *self, const struct lws *wsi, int64_t now_ns)
{
    size_t number = number_of(self, wsi);
    if (number == SIZE_MAX)
        return NULL;
    self->attempts[number] = NULL;
    address_race_failed(&self->race, now_ns);
    return self->race.addresses[number].text;
}

void dialer_opened(dialer_t *self)
{
    address_race_opened(&self->race, self->taken);
}

/* Those that were on their way when it was taken have had their turn. */
void dialer_led_nowhere(dialer_t *self, int64_t now_ns)
{
    address_race_led_nowhere(&self->race, self->taken);
    while (self->race.failed < self->race.begun)
        address_race_failed(&self->race, now_ns);
    self->racing = true;
}
