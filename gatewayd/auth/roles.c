#include "gatewayd/auth/roles.h"

#include "common/clock.h"
#include "common/pattern.h"
#include "common/table.h"
#include "proto/topic.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

#define NS_PER_HOUR (3600.0 * 1e9)
#define ALL         "*"

typedef struct {
    char **texts; /* owned, each of them too */
    size_t count;
} role_texts_t;

struct role {
    size_t keepers;
    char *name; /* owned */
    role_texts_t symbols, channels, methods;
    role_limits_t limits;
    bool is_operator;
};

struct roles {
    table_t *table; /* of role_t */
};

static const char *const operators_methods[] = {"clearHistory"};

/* --- reading them --- */

static bool add_text(role_texts_t *texts, const char *text)
{
    char *copy = strdup(text);
    if (copy)
        texts->texts[texts->count++] = copy;
    return copy != NULL;
}

static bool make_texts(role_texts_t *texts, size_t count)
{
    texts->texts = calloc(count + 1, sizeof *texts->texts);
    return texts->texts != NULL;
}

static void release_texts(role_texts_t *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->texts[i]);
    free(texts->texts);
}

static bool read_texts(role_texts_t *texts, const config_t *config, const char *role, const char *key)
{
    size_t count = config_count(config, "gatewayd.roles.%s.%s", role, key);
    if (!make_texts(texts, count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!add_text(texts, config_text(config, "gatewayd.roles.%s.%s.%zu", role, key, i)))
            return false;
    return true;
}

static uint64_t read_number(const config_t *config, const char *role, const char *key)
{
    return (uint64_t)config_integer(config, "gatewayd.roles.%s.%s", role, key);
}

static role_t *new_role(const char *name)
{
    role_t *self = calloc(1, sizeof *self);
    if (self && !(self->name = strdup(name))) {
        free(self);
        return NULL;
    }
    if (self)
        self->keepers = 1;
    return self;
}

static role_t *read_role(const config_t *config, const char *name)
{
    role_t *self = new_role(name);
    if (!self || !read_texts(&self->symbols, config, name, "symbols") ||
        !read_texts(&self->channels, config, name, "channels") || !read_texts(&self->methods, config, name, "methods")) {
        role_release(&self);
        return NULL;
    }
    self->limits = (role_limits_t){
        .history_ns = (int64_t)(config_real(config, "gatewayd.roles.%s.history_hours", name) * NS_PER_HOUR),
        .delay_ns = (int64_t)read_number(config, name, "delay_ms") * NS_PER_MS,
        .subscriptions = read_number(config, name, "subscriptions"),
        .messages_per_second = read_number(config, name, "messages_per_second"),
        .connections = read_number(config, name, "connections"),
        .bytes_per_second = read_number(config, name, "bytes_per_second"),
    };
    self->is_operator = config_flag(config, "gatewayd.roles.%s.operator", name);
    return self;
}

roles_t *roles_new(const config_t *config)
{
    roles_t *self = calloc(1, sizeof *self);
    if (!self || !(self->table = table_new()))
        goto fail;
    size_t count = config_count(config, "gatewayd.roles");
    for (size_t i = 0; i < count; i++) {
        const char *name = config_name(config, i, "gatewayd.roles");
        role_t *role = read_role(config, name);
        if (!role || !table_put(self->table, text_of(name), role)) {
            role_release(&role);
            goto fail;
        }
    }
    return self;
fail:
    roles_destroy(&self);
    return NULL;
}

void roles_destroy(roles_t **self_p)
{
    roles_t *self = *self_p;
    role_t *role;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t at = 0; self->table && (role = table_each(self->table, &at));)
        role_release(&role);
    table_destroy(&self->table);
    free(self);
}

role_t *roles_find(const roles_t *self, text_t name)
{
    return table_get(self->table, name);
}

role_t *role_new_everyone(void)
{
    role_t *self = new_role("everyone");
    if (self && make_texts(&self->symbols, 1) && make_texts(&self->channels, 1) && make_texts(&self->methods, 2) &&
        add_text(&self->symbols, ALL) && add_text(&self->channels, ALL) && add_text(&self->methods, ALL) &&
        add_text(&self->methods, operators_methods[0]))
        return self;
    role_release(&self);
    return NULL;
}

role_t *role_keep(role_t *self)
{
    self->keepers++;
    return self;
}

void role_release(role_t **self_p)
{
    role_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    assert(self->keepers > 0);
    if (--self->keepers > 0)
        return;
    release_texts(&self->symbols);
    release_texts(&self->channels);
    release_texts(&self->methods);
    free(self->name);
    free(self);
}

/* --- what they may --- */

text_t role_name(const role_t *self)
{
    return text_of(self->name);
}

const role_limits_t *role_limits(const role_t *self)
{
    return &self->limits;
}

bool role_is_operator(const role_t *self)
{
    return self->is_operator;
}

static bool one_matches(const role_texts_t *patterns, text_t text)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (pattern_matches(text_of(patterns->texts[i]), text))
            return true;
    return false;
}

bool role_may_channel(const role_t *self, text_t channel)
{
    return self->symbols.count > 0 && one_matches(&self->channels, channel);
}

bool role_may_symbol(const role_t *self, text_t channel, text_t symbol)
{
    return one_matches(&self->channels, channel) && one_matches(&self->symbols, symbol);
}

bool role_may_subject(const role_t *self, text_t subject)
{
    text_t channel, key;
    subject_split(subject, &channel, &key);
    return role_may_symbol(self, channel, key);
}

static bool is_all(const role_texts_t *patterns)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (strcmp(patterns->texts[i], ALL) == 0)
            return true;
    return false;
}

bool role_sees_all(const role_t *self)
{
    return is_all(&self->symbols) && is_all(&self->channels);
}

period_t role_period(const role_t *self, int64_t now_ns)
{
    period_t period = PERIOD_ALL;
    if (self->limits.history_ns > 0 && self->limits.history_ns < now_ns)
        period.after_ns = (now_ns - self->limits.history_ns + NS_PER_S - 1) / NS_PER_S * NS_PER_S;
    if (self->limits.delay_ns > 0)
        period.before_ns = now_ns > self->limits.delay_ns ? (now_ns - self->limits.delay_ns) / NS_PER_S * NS_PER_S : 0;
    return period;
}

static bool same_name(text_t name, const char *other)
{
    return name.length == strlen(other) && strncasecmp(name.at, other, name.length) == 0;
}

static bool is_operators(text_t method)
{
    for (size_t i = 0; i < sizeof operators_methods / sizeof *operators_methods; i++)
        if (same_name(method, operators_methods[i]))
            return true;
    return false;
}

bool role_may_method(const role_t *self, text_t name)
{
    bool all = false;
    for (size_t i = 0; i < self->methods.count; i++) {
        if (same_name(name, self->methods.texts[i]))
            return true;
        all = all || strcmp(self->methods.texts[i], ALL) == 0;
    }
    return all && (self->is_operator || !is_operators(name));
}
