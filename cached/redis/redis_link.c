#include "cached/redis/redis_link.h"

#include <stdio.h>
#include <sys/time.h>

enum { VERSION = 1, DEFAULT_PORT = 6379 };

/* No call hangs for longer than these and the number of its answers. */
static const struct timeval connect_timeout = {.tv_sec = 3}, answer_timeout = {.tv_sec = 10};

void redis_link_close(redis_link_t *self)
{
    if (self->context)
        redisFree(self->context);
    self->context = NULL;
}

static store_result_t fail(redis_link_t *self, store_result_t result, const char *what, char *error)
{
    bool socket = !*self->url.host;
    snprintf(error, STORE_ERROR_MAX, "redis: %s%s: %.150s", socket ? "/" : "", socket ? self->url.path : self->url.host, what);
    redis_link_close(self);
    return result;
}

/* What passes by itself, and what somebody has to mend. */
static store_result_t meaning(const char *message)
{
    static const char *const passing[] = {"LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS"};
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (strncmp(message, passing[i], strlen(passing[i])) == 0)
            return STORE_AWAY;
    return STORE_REFUSED;
}

store_result_t redis_link_refused(redis_link_t *self, const redisReply *reply, char *error)
{
    return fail(self, meaning(reply->str), reply->str, error);
}

store_result_t redis_link_odd(redis_link_t *self, const char *what, char *error)
{
    return fail(self, STORE_REFUSED, what, error);
}

/* An answer of any type but an error. */
static store_result_t take_any(redis_link_t *self, redisReply **reply, char *error)
{
    void *taken = NULL;
    *reply = NULL;
    if (redisGetReply(self->context, &taken) != REDIS_OK || !taken)
        return fail(self, STORE_AWAY, self->context->err ? self->context->errstr : "the connection was lost", error);
    *reply = taken;
    if ((*reply)->type != REDIS_REPLY_ERROR)
        return STORE_OK;
    store_result_t result = redis_link_refused(self, *reply, error);
    freeReplyObject(*reply);
    *reply = NULL;
    return result;
}

store_result_t redis_link_take(redis_link_t *self, int type, redisReply **reply, char *error)
{
    store_result_t result = take_any(self, reply, error);
    if (!*reply || (*reply)->type == type || (*reply)->type == REDIS_REPLY_NIL)
        return result;
    freeReplyObject(*reply);
    *reply = NULL;
    return redis_link_odd(self, "a reply of an unexpected type", error);
}

store_result_t redis_link_drop(redis_link_t *self, size_t count, char *error)
{
    store_result_t result = STORE_OK;
    redisReply *reply;
    for (size_t i = 0; result == STORE_OK && i < count; i++) {
        result = take_any(self, &reply, error);
        freeReplyObject(reply);
    }
    return result;
}

/* Says who we are, chooses the database, and looks at the version of what is there; an empty database gets ours. */
static store_result_t introduce(redis_link_t *self, uint64_t database, char *error)
{
    const store_url_t *url = &self->url;
    size_t sent = 1;
    if (*url->user && *url->password)
        redis_link_send(self, "AUTH %s %s", url->user, url->password);
    else if (*url->password)
        redis_link_send(self, "AUTH %s", url->password);
    sent += *url->password != '\0';
    if (database > 0)
        redis_link_send(self, "SELECT %lu", database);
    sent += database > 0;
    redis_link_send(self, "SETNX dataflow:schema %d", VERSION);
    redis_link_send(self, "GET dataflow:schema");
    store_result_t result = redis_link_drop(self, sent, error);
    redisReply *reply = NULL;
    if (result == STORE_OK)
        result = redis_link_take(self, REDIS_REPLY_STRING, &reply, error);
    uint64_t version = 0;
    text_t found = reply && reply->str ? (text_t){reply->str, reply->len} : TEXT("none");
    if (result == STORE_OK && (!text_to_u64(found, &version) || version > VERSION)) {
        char what[100];
        snprintf(what, sizeof what, "schema version %.*s, expected at most %d", found.length < 20 ? (int)found.length : 20,
                 found.at, VERSION);
        result = redis_link_odd(self, what, error);
    }
    freeReplyObject(reply);
    return result;
}

store_result_t redis_link_ensure(redis_link_t *self, char *error)
{
    const store_url_t *url = &self->url;
    uint64_t database = 0;
    if (self->context)
        return STORE_OK;
    if (*url->host && *url->path && !text_to_u64(text_of(url->path), &database))
        return fail(self, STORE_REFUSED, "expected a database number after the host", error);
    char path[STORE_URL_MAX + 1];
    snprintf(path, sizeof path, "/%s", url->path);
    self->context = *url->host ? redisConnectWithTimeout(url->host, url->port ? url->port : DEFAULT_PORT, connect_timeout)
                               : redisConnectUnixWithTimeout(path, connect_timeout);
    if (!self->context || self->context->err)
        return fail(self, STORE_AWAY, self->context ? self->context->errstr : "out of memory", error);
    redisSetTimeout(self->context, answer_timeout);
    if (*url->host)
        redisEnableKeepAlive(self->context);
    return introduce(self, database, error);
}
