#include "gatewayd/auth/key_source.h"

#include "common/backoff.h"
#include "common/clock.h"
#include "common/http_client/http_client.h"
#include "common/http_client/http_url.h"
#include "common/log.h"
#include "gatewayd/auth/key_file.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 5000, TIMEOUT_MS = 10000, OK = 200 };

struct key_source {
    key_source_config_t config; /* its texts are owned */
    jwks_t *keys;               /* NULL: none yet */
    key_source_counts_t counts;

    /* of a URL */
    http_client_t *client;
    http_transfer_t *transfer; /* NULL: nothing is asked now */
    loop_timer_t *timer;
    backoff_t backoff;
    int64_t asked_ns; /* CLOCK_MONOTONIC; when it was asked last */
    int64_t spare_ns; /* it wants to be left alone until then (Retry-After) */
    int64_t next_ns;  /* when it is asked next */
};

/* --- files --- */

static jwks_t *read_file(const key_source_config_t *config, char error[static KEY_SOURCE_ERROR_MAX])
{
    char wrong[JWKS_ERROR_MAX];
    buffer_t content = buffer_new(JWKS_DOCUMENT_MAX);
    bool is_private, is_secret = config->kind == KEYS_SECRET;
    jwks_t *keys = NULL;
    if (key_file_read(config->place, &content, &is_private, error)) {
        if (is_secret && !is_private)
            snprintf(wrong, sizeof wrong, "expected that only its owner can read it (chmod 600)");
        else
            keys = is_secret ? jwks_read_secret(buffer_text(&content), wrong)
                             : jwks_read(buffer_text(&content), is_private, wrong);
        if (!keys)
            snprintf(error, KEY_SOURCE_ERROR_MAX, "%.300s: %s", config->place, wrong);
    }
    key_file_forget(&content);
    return keys;
}

static void take_keys(key_source_t *self, jwks_t *keys)
{
    jwks_destroy(&self->keys);
    self->keys = keys;
    self->counts.loaded++;
    if (jwks_skipped(keys) > 0)
        log_info("auth: keys that can't be used here were skipped", LOG_U64("skipped", jwks_skipped(keys)),
                 LOG_U64("keys", jwks_count(keys)));
}

static bool reread(key_source_t *self, char error[static KEY_SOURCE_ERROR_MAX])
{
    jwks_t *keys = read_file(&self->config, error);
    if (keys)
        take_keys(self, keys);
    else
        self->counts.failed++;
    return keys != NULL;
}

/* --- a URL --- */

static void say_failed(const key_source_t *self, const char *error)
{
    static log_limit_t limit;
    char host[HTTP_URL_HOST_MAX];
    http_url_print_host(self->config.place, host);
    log_warn_limited(&limit, "auth: the keys could not be had", LOG_TEXT("host", host), LOG_TEXT("error", error),
                     LOG_U64("keys", self->keys ? jwks_count(self->keys) : 0));
}

static void plan(key_source_t *self, uint64_t wait_ms)
{
    self->next_ns = clock_mono_ns() + (int64_t)wait_ms * NS_PER_MS;
    loop_timer_start(self->timer, wait_ms, 0);
}

static void fail(key_source_t *self, const char *error, uint32_t spare_ms)
{
    uint32_t wait_ms = backoff_next(&self->backoff);
    self->counts.failed++;
    self->spare_ns = clock_mono_ns() + spare_ms * NS_PER_MS;
    say_failed(self, error);
    plan(self, spare_ms > wait_ms ? spare_ms : wait_ms);
}

static void on_answer(void *arg, const http_client_answer_t *answer)
{
    key_source_t *self = arg;
    char error[JWKS_ERROR_MAX];
    self->transfer = NULL;
    if (answer->result != HTTP_CLIENT_ANSWERED) {
        fail(self, answer->error, 0);
        return;
    }
    if (answer->status != OK) {
        snprintf(error, sizeof error, "expected status 200, found %u", answer->status);
        fail(self, error, answer->retry_after_ms);
        return;
    }
    jwks_t *keys = jwks_read(answer->body, false, error);
    if (!keys) {
        fail(self, error, 0);
        return;
    }
    take_keys(self, keys);
    backoff_reset(&self->backoff);
    self->spare_ns = 0;
    plan(self, self->config.refresh_ms);
}

static void ask(void *arg)
{
    static const text_t accept[] = {TEXT_CONST("Accept: application/jwk-set+json, application/json")};
    key_source_t *self = arg;
    char error[HTTP_CLIENT_ERROR_MAX];
    http_client_request_t request = {.url = self->config.place,
                                     .headers = accept,
                                     .header_count = 1,
                                     .connect_ms = CONNECT_MS,
                                     .timeout_ms = TIMEOUT_MS,
                                     .body_max = JWKS_DOCUMENT_MAX};
    if (self->transfer)
        return;
    self->asked_ns = clock_mono_ns();
    self->transfer = http_client_get(self->client, &request, on_answer, self, error);
    if (!self->transfer)
        fail(self, error, 0);
}

/* When its rest is over, unless it is asked before anyway. */
static void ask_soon(key_source_t *self)
{
    int64_t now_ns = clock_mono_ns(), due_ns = self->asked_ns + self->config.rest_ms * NS_PER_MS;
    if (due_ns < self->spare_ns)
        due_ns = self->spare_ns;
    if (due_ns <= now_ns)
        ask(self);
    else if (due_ns < self->next_ns)
        plan(self, (uint64_t)((due_ns - now_ns) / NS_PER_MS + 1));
}

static bool start_asking(key_source_t *self, loop_t *loop, char error[static KEY_SOURCE_ERROR_MAX])
{
    const char *wrong = "out of memory";
    if (!http_url_valid(self->config.place, &wrong)) {
        snprintf(error, KEY_SOURCE_ERROR_MAX, "expected %s", wrong);
        return false;
    }
    snprintf(error, KEY_SOURCE_ERROR_MAX, "out of memory");
    self->backoff =
        backoff_new((backoff_config_t){KEY_SOURCE_FIRST_MS, KEY_SOURCE_REST_MS, 2.0, 0.2}, (uint64_t)clock_real_ns());
    self->client = http_client_new(loop, self->config.ca);
    self->timer = loop_timer_new(loop, ask, self);
    if (!self->client || !self->timer)
        return false;
    plan(self, 0);
    return true;
}

/* --- both --- */

static bool copy_config(key_source_t *self, const key_source_config_t *config)
{
    self->config = *config;
    self->config.place = strdup(config->place);
    self->config.ca = strdup(config->ca ? config->ca : "");
    return self->config.place && self->config.ca;
}

key_source_t *key_source_new(loop_t *loop, const key_source_config_t *config, char error[static KEY_SOURCE_ERROR_MAX])
{
    key_source_t *self = calloc(1, sizeof *self);
    snprintf(error, KEY_SOURCE_ERROR_MAX, "out of memory");
    if (self && copy_config(self, config) && (config->kind == KEYS_URL ? start_asking(self, loop, error) : reread(self, error)))
        return self;
    key_source_destroy(&self);
    return NULL;
}

void key_source_destroy(key_source_t **self_p)
{
    key_source_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    http_client_destroy(&self->client);
    loop_timer_destroy(&self->timer);
    jwks_destroy(&self->keys);
    free((void *)(uintptr_t)self->config.place);
    free((void *)(uintptr_t)self->config.ca);
    free(self);
}

const jwks_t *key_source_keys(const key_source_t *self)
{
    return self->keys;
}

void key_source_miss(key_source_t *self)
{
    if (self->config.kind == KEYS_URL && !self->transfer)
        ask_soon(self);
}

bool key_source_reload(key_source_t *self, char error[static KEY_SOURCE_ERROR_MAX])
{
    if (self->config.kind != KEYS_URL)
        return reread(self, error);
    ask(self);
    return true;
}

bool key_source_is(const key_source_t *self, const key_source_config_t *config)
{
    return self->config.kind == config->kind && strcmp(self->config.place, config->place) == 0 &&
           strcmp(self->config.ca, config->ca ? config->ca : "") == 0 && self->config.refresh_ms == config->refresh_ms;
}

key_source_counts_t key_source_counts(const key_source_t *self)
{
    return self->counts;
}
