/* GET over HTTP on the loop, for connectors that poll: libcurl's multi interface.
 *
 * HTTP/1.1, and HTTP/2 where TLS negotiates it; gzip and whatever else libcurl unpacks. Certificates are checked.
 * Connections are kept, and shared by the requests of a client. Redirects are followed, at most HTTP_CLIENT_REDIRECTS_MAX
 * of them and never from https:// to http://; to another origin a request goes without its headers, which may hold secrets.
 * Proxies of the environment are not used.
 */
#pragma once

#include "common/loop/loop.h"
#include "common/text.h"

enum {
    HTTP_CLIENT_REDIRECTS_MAX = 5,
    HTTP_CLIENT_HEADERS_MAX = 64 << 10, /* bytes of an answer's headers */
    HTTP_CLIENT_RETRY_MAX_MS = 3600000, /* a longer Retry-After is cut */
    HTTP_CLIENT_ERROR_MAX = 640,
    HTTP_CLIENT_URL_MAX = 8192
};

typedef struct http_client http_client_t;
typedef struct http_transfer http_transfer_t; /* a request under way */

typedef enum {
    HTTP_CLIENT_ANSWERED,  /* with whatever status */
    HTTP_CLIENT_TOO_LARGE, /* answered, with more than body_max: that is dropped; the status is known */
    HTTP_CLIENT_LOOKUP,    /* the host's name could not be resolved */
    HTTP_CLIENT_FAILED     /* no connection, no TLS, no answer in time, or not the whole of it; too many redirects */
} http_client_result_t;

typedef struct {
    const char *url;       /* http:// or https:// */
    const text_t *headers; /* "Name: value" each; no control characters */
    size_t header_count;
    uint32_t connect_ms, timeout_ms; /* to connect, and for all of it with its redirects, at most */
    size_t body_max;                 /* bytes of the body, unpacked */
} http_client_request_t;

/* All valid during the call. */
typedef struct {
    http_client_result_t result;
    const char *error;                        /* names the host, what was expected and what was found; empty when answered */
    unsigned status;                          /* 0: there was none */
    text_t content_type, etag, last_modified; /* empty: absent */
    uint32_t retry_after_ms;                  /* 0: the server does not ask to be left alone */
    text_t body;
} http_client_answer_t;

typedef void http_client_answer_fn(void *arg, const http_client_answer_t *answer);

/* ca: file of the CA certificates to trust, in PEM; empty: the system's. NULL, with a log line, when the system refuses. */
http_client_t *http_client_new(loop_t *loop, const char *ca);

/* Ends what is under way, without a callback. Not from within one. */
void http_client_destroy(http_client_t **self);

/* Asks. `on_answer` is called once, from the loop and never from within this call; the transfer is gone by then. The
 * request is copied. NULL with `error`, and no callback: an invalid URL or header, or memory runs out. */
http_transfer_t *http_client_get(http_client_t *self, const http_client_request_t *request, http_client_answer_fn *on_answer,
                                 void *arg, char error[static HTTP_CLIENT_ERROR_MAX]);

/* Ends it, without a callback. May be called from within the callback of another one. */
void http_transfer_cancel(http_transfer_t **self);
