#include "connectord/backfill/rest_hosts.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "common/http_client/http_url.h"
#include "connectord/connectors/limiter.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 5000, BUSY_MS = 20, TOO_MANY_REQUESTS = 429, BANNED = 418 /* Binance: who went on after a 429 */ };

struct rest_host {
    rest_host_t *next;
    char name[HTTP_URL_HOST_MAX];
    http_client_t *client;
    limiter_t limiter;
    size_t asked;     /* under way */
    size_t hurried;   /* by so many */
    int64_t until_ns; /* left alone */
};

struct rest_hosts {
    loop_t *loop;
    rest_host_t *first; /* owned */
};

rest_hosts_t *rest_hosts_new(loop_t *loop)
{
    rest_hosts_t *self = calloc(1, sizeof *self);
    if (self)
        self->loop = loop;
    return self;
}

void rest_hosts_destroy(rest_hosts_t **self_ref)
{
    rest_hosts_t *self = *self_ref;
    if (!self)
        return;
    for (rest_host_t *host; (host = self->first);) {
        self->first = host->next;
        http_client_destroy(&host->client);
        free(host);
    }
    free(self);
    *self_ref = NULL;
}

rest_host_t *rest_hosts_find(rest_hosts_t *self, const char *url, const char *ca, uint32_t requests, uint32_t interval_ms)
{
    char name[HTTP_URL_HOST_MAX];
    http_url_print_host(url, name);
    for (rest_host_t *host = self->first; host; host = host->next)
        if (strcmp(host->name, name) == 0)
            return host;
    rest_host_t *host = calloc(1, sizeof *host);
    if (!host || !(host->client = http_client_new(self->loop, ca))) {
        free(host);
        return NULL;
    }
    memcpy(host->name, name, sizeof host->name);
    host->limiter = limiter_new_within(requests, interval_ms, clock_mono_ns());
    host->next = self->first;
    return self->first = host;
}

uint64_t rest_host_wait_ms(const rest_host_t *self)
{
    int64_t now_ns = clock_mono_ns();
    if (self->asked >= REST_AT_ONCE)
        return BUSY_MS;
    if (now_ns < self->until_ns)
        return (uint64_t)((self->until_ns - now_ns) / NS_PER_MS) + 1;
    return limiter_wait_ms(&self->limiter, now_ns);
}

void rest_host_hurry(rest_host_t *self, bool begins)
{
    if (begins)
        self->hurried++;
    else
        self->hurried--;
}

bool rest_host_is_hurried(const rest_host_t *self)
{
    return self->hurried > 0;
}

http_transfer_t *rest_host_ask(rest_host_t *self, const rest_question_t *question, http_client_answer_fn *on_answer, void *arg,
                               char error[static HTTP_CLIENT_ERROR_MAX])
{
    buffer_t url = buffer_new(HTTP_CLIENT_URL_MAX);
    text_t header = text_of(question->header ? question->header : "");
    buffer_printf(&url, "%s%.*s", question->url, TEXT_ARG(question->path));
    buffer_append(&url, (text_t){"", 1});
    const http_client_request_t request = {.url = url.bytes,
                                           .headers = &header,
                                           .header_count = question->header != NULL,
                                           .connect_ms = CONNECT_MS,
                                           .timeout_ms = REST_TIMEOUT_MS,
                                           .body_max = REST_BODY_MAX};
    snprintf(error, HTTP_CLIENT_ERROR_MAX, "the question is too long, or memory has run out");
    http_transfer_t *transfer = buffer_ok(&url) ? http_client_get(self->client, &request, on_answer, arg, error) : NULL;
    buffer_release(&url);
    limiter_take(&self->limiter, clock_mono_ns());
    self->asked += transfer != NULL;
    return transfer;
}

void rest_host_answered(rest_host_t *self, const http_client_answer_t *answer)
{
    self->asked--;
    if (!answer || (answer->status != TOO_MANY_REQUESTS && answer->status != BANNED && answer->retry_after_ms == 0))
        return;
    uint32_t pause_ms = answer->retry_after_ms > 0 ? answer->retry_after_ms : REST_PAUSE_MS;
    int64_t until_ns = clock_mono_ns() + pause_ms * NS_PER_MS;
    self->until_ns = until_ns > self->until_ns ? until_ns : self->until_ns;
}
