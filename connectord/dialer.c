#include "connectord/dialer.h"

#include <stdlib.h>

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
    *self = (dialer_t){web, lws_create_vhost(web_context(web), &info), protocols, tls};
    return self->vhost != NULL;
}

bool dialer_dial(const dialer_t *self, const url_t *url, const char *address, void *opaque, struct lws **wsi)
{
    struct lws_client_connect_info info = {
        .context = web_context(self->web),
        .vhost = self->vhost,
        .address = address,
        .port = url->port,
        .method = self->tls ? NULL : "RAW", /* 4.1.6 can't begin TLS on a connection that is not of its own protocols */
        .path = url->path,
        .host = url->authority,
        .ssl_connection = (self->tls ? LCCSCF_USE_SSL : 0) | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
        .alpn = "http/1.1",
        .local_protocol_name = self->protocol->name,
        .opaque_user_data = opaque,
        .pwsi = wsi,
    };
    return lws_client_connect_via_info(&info) != NULL;
}
