/* The connector "push": whoever has data posts it, to /push/<the source's name> of connectord's HTTP (proto/source.md). What the records mean is
 * said by a definition: {"mapping": {…}}.
 *
 * A POST is answered when all of it is journaled: what is not answered is posted again, and is known by its ids. Where the journal takes nothing, nothing
 * is kept for it; it is refused, and its sender has it still. So no record is lost and none comes twice, whoever is killed when.
 */
#include "common/clock.h"
#include "common/log.h"
#include "connectord/connectors/connector.h"
#include "connectord/connectors/source_definition.h"
#include "connectord/connectors/told_symbols.h"
#include "connectord/push/push_access.h"
#include "connectord/push/push_posts.h"

#include <stdio.h>
#include <stdlib.h>

static const schema_key_t settings[] = {
    {SCHEMA_SOURCE "token_file", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "", .reread = true,
     .help = "File with the token that who posts has to bring, with connector push; or it stands in token"},
    {SCHEMA_SOURCE "post_bytes", KEY_INTEGER, .minimum = 1024, .maximum = 4194304, .initial = "1048576",
     .help = "Longest body of a POST, with connector push"},
};

typedef struct {
    const source_config_t *config;
    const connector_events_t *events;
    void *arg;
    push_access_t access;
    push_posts_t posts; /* it is connected while they are open */
    bool connecting;
    loop_timer_t *timer; /* tells what follows from a call, from the loop */
    told_symbols_t symbols;
} push_t;

/* --- who may post, and what --- */

static bool is_allowed(push_t *self, http_connection_t *from, const http_request_t *request, push_refusal_t *refusal)
{
    char room[HTTP_PEER_MAX];
    uint64_t wait_ms;
    static log_limit_t limit;
    text_t peer = http_peer(from, room);
    switch (push_access_judge(&self->access, http_request_field(request, "Authorization"), peer, clock_mono_ns(), &wait_ms)) {
    case PUSH_ALLOWED:
        return true;
    case PUSH_UNNAMED:
        return push_refusal_set(refusal, 401, 0, "expected Authorization: Bearer, with the source's token");
    case PUSH_LATER:
        return push_refusal_set(refusal, 429, wait_ms, "too many wrong tokens came from this address");
    case PUSH_WRONG:
        break;
    }
    log_warn_limited(&limit, "push: wrong token", LOG_SLICE("source", self->config->name), LOG_SLICE("peer", peer),
                     LOG_U64("waits_ms", wait_ms));
    return push_refusal_set(refusal, 403, wait_ms, "wrong token");
}

static void push_post(void *arg, http_connection_t *from, const http_request_t *request)
{
    push_t *self = arg;
    push_form_t form;
    push_refusal_t refusal;
    uint64_t most = (uint64_t)source_config_setting(self->config, "post_bytes")->number;
    if (!is_allowed(self, from, request, &refusal) || !push_request_good(request, most, &form, &refusal) ||
        !push_posts_take(&self->posts, from, request, form, &refusal))
        push_refuse(from, &refusal);
}

/* --- the connection, which there is as long as the process --- */

static void confirm(push_t *self)
{
    for (told_symbol_t *known; self->posts.open && (known = told_symbols_take_known(&self->symbols));)
        self->events->on_confirmed(self->arg, known->symbol, true);
    for (told_symbol_t *change; self->posts.open && (change = told_symbols_next(&self->symbols));) {
        bool subscribed = change->wanted;
        told_symbol_sent(change);
        told_symbol_confirmed(change, subscribed);
        self->events->on_confirmed(self->arg, change->symbol, subscribed);
    }
}

static void on_timer(void *arg)
{
    push_t *self = arg;
    if (self->connecting) {
        self->connecting = false;
        self->posts.open = true;
        self->events->on_connected(self->arg);
    }
    confirm(self);
}

static void push_connect(void *arg)
{
    push_t *self = arg;
    told_symbols_clear(&self->symbols);
    self->connecting = true;
    loop_timer_start(self->timer, 0, 0);
}

static void push_disconnect(void *arg)
{
    push_t *self = arg;
    loop_timer_stop(self->timer);
    self->connecting = false;
    push_posts_end(&self->posts);
}

static void want(push_t *self, text_t symbol, bool wanted)
{
    told_symbols_want(&self->symbols, symbol, wanted);
    loop_timer_start(self->timer, 0, 0);
}

/* What is posted is taken also while nobody wants it: it is not offered twice. */
static void push_subscribe(void *arg, text_t symbol)
{
    want(arg, symbol, true);
}

static void push_unsubscribe(void *arg, text_t symbol)
{
    want(arg, symbol, false);
}

/* --- its settings --- */

/* Whoever is answered knows that what was posted is kept: there is nothing to stand by for, or to have twice. */
static bool prepare(push_t *self, const source_config_t *config, char *error)
{
    char why[SOURCE_DEFINITION_ERROR_MAX];
    const char *path = source_config_setting(config, "definition")->text;
    const char *wrong = config->lines > 1           ? "lines: expected 1"
                        : config->group.length > 0  ? "group: expected none"
                        : config->dedup_window == 0 ? "dedup_window: expected 1 or more"
                                                    : NULL;
    if (wrong) {
        snprintf(error, CONNECTOR_ERROR_MAX, "%s with connector push", wrong);
        return false;
    }
    if (!push_access_init(&self->access, config, error))
        return false;
    if ((self->posts.mapping = source_definition_read_mapping(path, why)))
        return true;
    snprintf(error, CONNECTOR_ERROR_MAX, "definition: %.400s: %s", path, why);
    return false;
}

static void release(push_t *self)
{
    push_access_release(&self->access);
    mapping_destroy(&self->posts.mapping);
}

static bool push_check(const source_config_t *config, char error[static CONNECTOR_ERROR_MAX])
{
    push_t push = {0};
    bool good = prepare(&push, config, error);
    release(&push);
    return good;
}

static void push_close(void *arg)
{
    push_t *self = arg;
    if (!self)
        return;
    if (self->timer)
        push_disconnect(self);
    loop_timer_destroy(&self->timer);
    told_symbols_release(&self->symbols);
    release(self);
    free(self);
}

static void *push_open(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events, void *arg)
{
    (void)web;
    char error[CONNECTOR_ERROR_MAX] = "out of memory";
    push_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = config;
    self->events = events;
    self->arg = arg;
    push_posts_init(&self->posts, config, events, arg);
    if (prepare(self, config, error) && (self->timer = loop_timer_new(loop, on_timer, self)) &&
        told_symbols_init(&self->symbols))
        return self;
    log_error("push: not started", LOG_SLICE("source", config->name), LOG_TEXT("error", error));
    push_close(self);
    return NULL;
}

const connector_t connector_push = {
    .name = "push",
    .settings = settings,
    .setting_count = sizeof settings / sizeof *settings,
    .whole = true,
    .check = push_check,
    .open = push_open,
    .connect = push_connect,
    .disconnect = push_disconnect,
    .subscribe = push_subscribe,
    .unsubscribe = push_unsubscribe,
    .post = push_post,
    .close = push_close,
};
