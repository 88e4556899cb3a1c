#include "common/config/reload.h"

#include <stdlib.h>

#include "common/log.h"

struct reload {
    loop_t *loop;
    sd_notify_t *sd_notify;
    const reload_events_t *events;
    void *arg;
    const config_t *started; /* the parts run with this … */
    config_t *now;           /* … but for what was taken from this; NULL before the first SIGHUP */
    config_t *next;          /* being gone over to */
};

static const char level_key[] = "log.level";

static bool taken(const reload_t *self, const char *key)
{
    if (strcmp(key, level_key) == 0)
        return true;
    return self->events->takes && self->events->takes(self->arg, self->next, key);
}

static void on_changed(void *arg, const char *key)
{
    const reload_t *self = arg;
    if (taken(self, key))
        log_info("config: changed", LOG_TEXT("key", key));
}

static void on_different_from_start(void *arg, const char *key)
{
    const reload_t *self = arg;
    if (!taken(self, key))
        log_warn("config: needs a restart", LOG_TEXT("key", key));
}

static void tell_differences(reload_t *self)
{
    const char *const sections[] = {self->events->section, "log"};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        config_compare(self->now ? self->now : self->started, self->next, sections[i], on_changed, self);
        config_compare(self->started, self->next, sections[i], on_different_from_start, self);
    }
}

/* What is told is told at the level that says more, the one that was or the one that will be. */
static void go_over(reload_t *self)
{
    log_level_t level = LOG_LEVEL_INFO;
    log_level_parse(text_of(config_text(self->next, level_key)), &level); /* the schema takes no other words than this does */
    if (!log_enabled(level))
        log_set_level(level);
    tell_differences(self);
    log_set_level(level);
    if (self->events->apply)
        self->events->apply(self->arg, self->next);
}

static void on_hangup(void *arg)
{
    reload_t *self = arg;
    sd_notify_reloading(self->sd_notify);
    log_info("config: reloading", LOG_TEXT("signal", "SIGHUP"));
    self->next = config_reload(self->started);
    if (self->next) {
        go_over(self);
        config_destroy(&self->now);
        self->now = self->next;
        self->next = NULL;
    } else {
        log_error("config: unchanged");
    }
    sd_notify_ready(self->sd_notify);
}

reload_t *reload_new(loop_t *loop, const config_t *config, sd_notify_t *sd_notify, const reload_events_t *events, void *arg)
{
    reload_t *self = malloc(sizeof *self);
    if (!self) {
        log_error("reload: out of memory");
        return NULL;
    }
    *self = (reload_t){.loop = loop, .sd_notify = sd_notify, .events = events, .arg = arg, .started = config};
    loop_on_hangup(loop, on_hangup, self);
    return self;
}

void reload_destroy(reload_t **self_p)
{
    reload_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    loop_on_hangup(self->loop, NULL, NULL);
    config_destroy(&self->now);
    free(self);
}
