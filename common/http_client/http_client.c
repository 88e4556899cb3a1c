#include "common/http_client/http_client.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "common/http_client/http_multi.h"
#include "common/http_client/http_url.h"
#include "common/list.h"
#include "common/log.h"
#include "common/version.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

struct http_client {
    http_multi_t *multi;
    list_t transfers;
    char *ca; /* owned */
};

struct http_transfer {
    list_t item;
    http_client_t *client;
    CURL *easy;
    char url[HTTP_CLIENT_URL_MAX]; /* where it is now */
    struct curl_slist *headers;
    uint32_t connect_ms, timeout_ms;
    int64_t started_ns;
    int redirects;
    size_t header_bytes;
    buffer_t body;
    bool too_large;
    char curl_error[CURL_ERROR_SIZE];
    http_client_answer_fn *on_answer;
    void *arg;
};

/* --- the end of a transfer --- */

static void release(http_transfer_t *self)
{
    list_remove(&self->item);
    if (self->easy) {
        http_multi_remove(self->client->multi, self->easy);
        curl_easy_cleanup(self->easy);
    }
    curl_slist_free_all(self->headers);
    buffer_release(&self->body);
    free(self);
}

void http_transfer_cancel(http_transfer_t **self_p)
{
    http_transfer_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    release(self);
}

static text_t header_of(CURL *easy, const char *name)
{
    struct curl_header *header;
    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? text_trim(text_of(header->value))
                                                                                   : (text_t){"", 0};
}

static uint32_t retry_after_ms(CURL *easy)
{
    curl_off_t seconds = 0;
    if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds < 0)
        return 0;
    return seconds < HTTP_CLIENT_RETRY_MAX_MS / 1000 ? (uint32_t)seconds * 1000 : HTTP_CLIENT_RETRY_MAX_MS;
}

static void print_failure(const http_transfer_t *self, CURLcode code, char out[static HTTP_CLIENT_ERROR_MAX])
{
    char host[HTTP_URL_HOST_MAX];
    http_url_print_host(self->url, host);
    if (self->too_large)
        snprintf(out, HTTP_CLIENT_ERROR_MAX, "%s: expected at most %zu bytes, found more", host, self->body.limit);
    else if (self->header_bytes > HTTP_CLIENT_HEADERS_MAX)
        snprintf(out, HTTP_CLIENT_ERROR_MAX, "%s: expected at most %d bytes of headers, found more", host,
                 HTTP_CLIENT_HEADERS_MAX);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        snprintf(out, HTTP_CLIENT_ERROR_MAX, "%s: expected an answer within %u ms, found none or only a part of it", host,
                 self->timeout_ms);
    else
        snprintf(out, HTTP_CLIENT_ERROR_MAX, "%s: expected an answer, found: %s", host,
                 self->curl_error[0] != '\0' ? self->curl_error : curl_easy_strerror(code));
}

/* Tells, and frees. */
static void tell(http_transfer_t *self, http_client_result_t result, const char *error)
{
    http_client_answer_fn *on_answer = self->on_answer;
    void *arg = self->arg;
    char *type = NULL;
    long status = 0;
    curl_easy_getinfo(self->easy, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
    bool answered = result == HTTP_CLIENT_ANSWERED;
    http_client_answer_t answer = {.result = result,
                                   .error = error,
                                   .status = (unsigned)status,
                                   .content_type = type ? text_of(type) : (text_t){"", 0},
                                   .etag = header_of(self->easy, "ETag"),
                                   .last_modified = header_of(self->easy, "Last-Modified"),
                                   .retry_after_ms = retry_after_ms(self->easy),
                                   .body = answered && self->body.length > 0 ? buffer_text(&self->body) : (text_t){"", 0}};
    list_remove(&self->item);
    on_answer(arg, &answer);
    release(self);
}

/* --- redirects --- */

static bool start(http_transfer_t *self, char error[static HTTP_CLIENT_ERROR_MAX]);

static void fail_redirect(http_transfer_t *self, const char *expected, const char *found)
{
    char host[HTTP_URL_HOST_MAX], error[HTTP_CLIENT_ERROR_MAX];
    http_url_print_host(self->url, host);
    snprintf(error, sizeof error, "%s: expected %s, found %s", host, expected, found);
    tell(self, HTTP_CLIENT_FAILED, error);
}

static void follow(http_transfer_t *self, const char *location)
{
    char error[HTTP_CLIENT_ERROR_MAX];
    const char *wrong;
    if (++self->redirects > HTTP_CLIENT_REDIRECTS_MAX)
        fail_redirect(self, "at most 5 redirects", "more");
    else if (strlen(location) >= sizeof self->url || !http_url_valid(location, &wrong))
        fail_redirect(self, "a redirect to an http:// or https:// URL", "another");
    else if (http_url_is_https(self->url) && !http_url_is_https(location))
        fail_redirect(self, "a redirect to https://", "one to http://");
    else {
        if (!http_url_same_origin(self->url, location)) {
            curl_easy_setopt(self->easy, CURLOPT_HTTPHEADER, NULL);
            curl_slist_free_all(self->headers);
            self->headers = NULL;
        }
        memmove(self->url, location, strlen(location) + 1);
        if (!start(self, error))
            tell(self, HTTP_CLIENT_FAILED, error);
    }
}

static bool is_redirect(const http_transfer_t *self, char **location)
{
    long status = 0;
    *location = NULL;
    curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
    bool moved = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    return moved && curl_easy_getinfo(self->easy, CURLINFO_REDIRECT_URL, location) == CURLE_OK && *location;
}

static void end(http_transfer_t *self, CURLcode code)
{
    char error[HTTP_CLIENT_ERROR_MAX] = "", *location;
    self->too_large |= code == CURLE_FILESIZE_EXCEEDED;
    if (code == CURLE_OK && is_redirect(self, &location)) {
        follow(self, location);
        return;
    }
    if (code != CURLE_OK)
        print_failure(self, code, error);
    tell(self,
         code == CURLE_OK                     ? HTTP_CLIENT_ANSWERED
         : self->too_large                    ? HTTP_CLIENT_TOO_LARGE
         : code == CURLE_COULDNT_RESOLVE_HOST ? HTTP_CLIENT_LOOKUP
                                              : HTTP_CLIENT_FAILED,
         error);
}

/* An http_multi_done_fn. */
static void on_done(void *arg, void *easy, int code)
{
    http_transfer_t *transfer = NULL;
    (void)arg;
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer) == CURLE_OK)
        end(transfer, (CURLcode)code);
}

/* --- requests --- */

static size_t on_header(char *bytes, size_t size, size_t count, void *arg)
{
    http_transfer_t *self = arg;
    (void)bytes;
    self->header_bytes += size * count;
    return self->header_bytes <= HTTP_CLIENT_HEADERS_MAX ? size * count : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    http_transfer_t *self = arg;
    buffer_append(&self->body, (text_t){bytes, size * count});
    self->too_large = !buffer_ok(&self->body);
    return self->too_large ? 0 : size * count;
}

static bool is_header(text_t header)
{
    for (size_t i = 0; i < header.length; i++)
        if ((unsigned char)header.at[i] < ' ' || header.at[i] == '\x7f')
            return false;
    const char *colon = header.length > 0 ? memchr(header.at, ':', header.length) : NULL;
    return colon && colon > header.at && !memchr(header.at, ' ', (size_t)(colon - header.at));
}

static bool add_header(http_transfer_t *self, text_t header)
{
    char *line = NULL;
    struct curl_slist *longer = NULL;
    if (is_header(header) && asprintf(&line, "%.*s", TEXT_ARG(header)) >= 0)
        longer = curl_slist_append(self->headers, line);
    free(line);
    if (longer)
        self->headers = longer;
    return longer;
}

static void set_options(http_transfer_t *self)
{
    CURL *easy = self->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, self);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, self->curl_error);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L); /* follow () does, which knows what may go where */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L); /* rather a stream of a connection than a connection */
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "dataflow/" DATAFLOW_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, self->headers);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a cancelled one does not wait for its look-up */
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (self->client->ca[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_CAINFO, self->client->ca);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, self);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, self);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)self->body.limit);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)self->connect_ms);
}

/* Asks where it is now, for as long as there is time left. */
static bool start(http_transfer_t *self, char error[static HTTP_CLIENT_ERROR_MAX])
{
    char host[HTTP_URL_HOST_MAX];
    http_url_print_host(self->url, host);
    int64_t left_ms = self->timeout_ms - (clock_mono_ns() - self->started_ns) / NS_PER_MS;
    self->header_bytes = 0;
    buffer_clear(&self->body);
    self->curl_error[0] = '\0';
    curl_easy_setopt(self->easy, CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
    CURLcode code = curl_easy_setopt(self->easy, CURLOPT_URL, self->url);
    if (code == CURLE_OK && http_multi_add(self->client->multi, self->easy))
        return true;
    snprintf(error, HTTP_CLIENT_ERROR_MAX, "%s: out of memory", host);
    return false;
}

static bool prepare(http_transfer_t *self, const http_client_request_t *request, char error[static HTTP_CLIENT_ERROR_MAX])
{
    const char *wrong;
    char host[HTTP_URL_HOST_MAX];
    size_t length = strlen(request->url);
    if (length >= sizeof self->url || !http_url_valid(request->url, &wrong)) {
        snprintf(error, HTTP_CLIENT_ERROR_MAX, "the URL is invalid: %s",
                 length >= sizeof self->url ? "expected at most 8191 bytes" : wrong);
        return false;
    }
    memcpy(self->url, request->url, length + 1);
    http_url_print_host(self->url, host);
    for (size_t i = 0; i < request->header_count; i++) {
        if (!add_header(self, request->headers[i])) {
            snprintf(error, HTTP_CLIENT_ERROR_MAX, "%s: header %zu: expected NAME: VALUE, found something else", host, i + 1);
            return false;
        }
    }
    self->easy = curl_easy_init();
    if (!self->easy) {
        snprintf(error, HTTP_CLIENT_ERROR_MAX, "%s: out of memory", host);
        return false;
    }
    set_options(self);
    return start(self, error);
}

http_transfer_t *http_client_get(http_client_t *client, const http_client_request_t *request, http_client_answer_fn *on_answer,
                                 void *arg, char error[static HTTP_CLIENT_ERROR_MAX])
{
    http_transfer_t *self = calloc(1, sizeof *self);
    if (!self) {
        snprintf(error, HTTP_CLIENT_ERROR_MAX, "out of memory");
        return NULL;
    }
    list_init(&self->item);
    self->client = client;
    self->body = buffer_new(request->body_max);
    self->connect_ms = request->connect_ms;
    self->timeout_ms = request->timeout_ms;
    self->started_ns = clock_mono_ns();
    self->on_answer = on_answer;
    self->arg = arg;
    list_append(&client->transfers, &self->item);
    if (!prepare(self, request, error))
        http_transfer_cancel(&self);
    return self;
}

/* --- the client --- */

http_client_t *http_client_new(loop_t *loop, const char *ca)
{
    http_client_t *self = calloc(1, sizeof *self);
    if (self) {
        list_init(&self->transfers);
        self->ca = strdup(ca);
        self->multi = http_multi_new(loop, on_done, self);
    }
    if (self && self->ca && self->multi)
        return self;
    log_error("http_client: not started: out of memory");
    http_client_destroy(&self);
    return NULL;
}

void http_client_destroy(http_client_t **self_p)
{
    http_client_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (list_t *item; (item = list_take(&self->transfers));)
        release(LIST_OWNER(item, http_transfer_t, item));
    http_multi_destroy(&self->multi);
    free(self->ca);
    free(self);
}
