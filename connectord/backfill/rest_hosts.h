/* The hosts that are asked for the past: each with the exchange's own limit of requests, which all sources that ask it share, and left alone for as long as
 * it asks to be (Retry-After).
 */
#pragma once

#include "common/http_client/http_client.h"

typedef struct rest_hosts rest_hosts_t;
typedef struct rest_host rest_host_t;

enum {
    REST_AT_ONCE = 4,        /* requests of a host */
    REST_BODY_MAX = 4 << 20, /* bytes of an answer */
    REST_TIMEOUT_MS = 10000, /* for all of it */
    REST_PAUSE_MS = 1000     /* after a refusal that names no time */
};

/* `path` begins with a slash; `header` is one more header, "Name: value", or NULL. */
typedef struct {
    const char *url; /* scheme and host, without a slash at the end */
    text_t path;
    const char *header;
} rest_question_t;

rest_hosts_t *rest_hosts_new(loop_t *loop);

/* Ends what is under way, without a callback. */
void rest_hosts_destroy(rest_hosts_t **self);

/* The host of the URL, made when it is new, with `ca` (http_client.h) and a limit of so many requests in any interval: those of whoever asks first. NULL when
 * memory runs out. Stays valid. */
rest_host_t *rest_hosts_find(rest_hosts_t *self, const char *url, const char *ca, uint32_t requests, uint32_t interval_ms);

/* How long until one more request may be made; 0: now. Where as many as may be are under way, a while. */
uint64_t rest_host_wait_ms(const rest_host_t *self);

/* Somebody begins, or ceases, to have questions that go before those that can wait; does anybody? */
void rest_host_hurry(rest_host_t *self, bool begins);
bool rest_host_is_hurried(const rest_host_t *self);

/* Asks, and counts it: `on_answer` is called once, from the loop; not after http_transfer_cancel. NULL with `error`. */
http_transfer_t *rest_host_ask(rest_host_t *self, const rest_question_t *question, http_client_answer_fn *on_answer, void *arg,
                               char error[static HTTP_CLIENT_ERROR_MAX]);

/* It is over: by its answer, which may say that the host is to be left alone, or cancelled (NULL). */
void rest_host_answered(rest_host_t *self, const http_client_answer_t *answer);
