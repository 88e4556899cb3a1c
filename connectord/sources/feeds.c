#include "connectord/sources/feeds.h"

#include "common/clock.h"
#include "common/log.h"
#include "connectord/sources/definition_notes.h"

#include <stdio.h>
#include <stdlib.h>

struct feeds {
    const feed_shared_t *shared;
    feed_t **feeds; /* owned */
    size_t count;
};

static bool is_named(const config_t *config, text_t name)
{
    for (size_t i = 0; i < config_count(config, "connectord.sources"); i++)
        if (text_equal(text_of(config_text(config, "connectord.sources.%zu.name", i)), name))
            return true;
    return false;
}

static void withdraw(feed_t *feed)
{
    log_info("feeds: source removed", LOG_SLICE("source", feed_config(feed)->name));
    feed_withdraw(feed, STATUS_WITHDRAWN);
    feed_destroy(&feed);
}

/* What is gone goes first: it makes room in the groups. */
static void withdraw_unnamed(feeds_t *self, const config_t *config)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (is_named(config, feed_config(self->feeds[i])->name))
            self->feeds[kept++] = self->feeds[i];
        else
            withdraw(self->feeds[i]);
    }
    self->count = kept;
}

/* The feed of that name leaves the list; NULL if no feed has it. */
static feed_t *take(feeds_t *self, text_t name)
{
    for (size_t i = 0; i < self->count; i++) {
        feed_t *feed = self->feeds[i];
        if (!text_equal(feed_config(feed)->name, name))
            continue;
        self->feeds[i] = self->feeds[--self->count];
        return feed;
    }
    return NULL;
}

/* Which definition its records are made by from now on. */
static void note_definition(const feeds_t *self, const feed_t *feed)
{
    const char *definition = source_config_setting(feed_config(feed), "definition")->text;
    if (definition[0] != '\0')
        definition_notes_put(self->shared->journal_path, feed_config(feed)->name, definition,
                             journal_epoch(self->shared->journal), clock_real_ns());
}

/* NULL with a log line. */
static feed_t *begin(const feeds_t *self, source_config_t *settings)
{
    feed_t *feed = feed_new(self->shared, settings);
    if (!feed)
        return NULL;
    note_definition(self, feed);
    feed_start(feed);
    feed_heartbeat(feed);
    return feed;
}

/* The new one first: when it can't be, the old one goes on. */
static bool start_anew(const feeds_t *self, feed_t **feed, source_config_t *settings)
{
    feed_t *next = feed_new(self->shared, settings);
    if (!next)
        return false;
    log_info("feeds: restarting a source", LOG_SLICE("source", feed_config(next)->name));
    feed_withdraw(*feed, STATUS_LOST);
    feed_destroy(feed);
    *feed = next;
    note_definition(self, next);
    feed_start(next);
    feed_heartbeat(next);
    return true;
}

/* Has the feed go over to the settings, which are moved from. */
static bool go_over(const feeds_t *self, feed_t **feed, source_config_t *settings)
{
    if (!source_config_equal(feed_config(*feed), settings))
        return start_anew(self, feed, settings);
    feed_record(*feed, settings);
    if (source_config_symbols_equal(feed_config(*feed), settings)) {
        source_config_release(settings);
        return true;
    }
    log_info("feeds: symbols changed", LOG_SLICE("source", settings->name), LOG_U64("symbols", settings->symbol_count));
    return feed_change_symbols(*feed, settings);
}

/* The source connectord.sources.<number>; *feed: what it was, NULL when there was none, and what it is. */
static bool apply_one(const feeds_t *self, feed_t **feed, const config_t *config, size_t number)
{
    source_config_t settings;
    bool applied = source_config_read(&settings, config, number, connector_setting_at);
    if (applied && !(applied = overlay_apply(self->shared->overlay, &settings)))
        source_config_release(&settings);
    if (applied && *feed)
        applied = go_over(self, feed, &settings);
    else if (applied)
        applied = (*feed = begin(self, &settings)) != NULL;
    if (!applied)
        log_error("feeds: source can't be set up",
                  LOG_TEXT("source", config_text(config, "connectord.sources.%zu.name", number)),
                  LOG_TEXT("now", *feed ? "unchanged" : "left out"));
    return applied;
}

static bool check_one(const config_t *config, size_t number, void (*report)(const char *mistake))
{
    char error[CONNECTOR_ERROR_MAX], mistake[CONNECTOR_ERROR_MAX + 64];
    source_config_t settings;
    if (!source_config_read(&settings, config, number, connector_setting_at)) {
        report("out of memory");
        return false;
    }
    const connector_t *connector = connector_find(settings.connector);
    bool good = !connector || connector->check(&settings, error); /* one that is not known the rules have refused */
    if (!good) {
        snprintf(mistake, sizeof mistake, "connectord.sources.%zu.%s", number, error);
        report(mistake);
    }
    source_config_release(&settings);
    return good;
}

bool feeds_check(const config_t *config, void (*report)(const char *mistake))
{
    bool good = true;
    for (size_t i = 0; i < config_count(config, "connectord.sources"); i++)
        good &= check_one(config, i, report);
    return good;
}

feeds_t *feeds_new(const feed_shared_t *shared)
{
    feeds_t *self = calloc(1, sizeof *self);
    if (self)
        self->shared = shared;
    return self;
}

bool feeds_apply(feeds_t *self, const config_t *config)
{
    size_t count = config_count(config, "connectord.sources"), kept = 0;
    feed_t **next = calloc(count + 1, sizeof(feed_t *));
    if (!next)
        return false;
    withdraw_unnamed(self, config);
    bool applied = true;
    for (size_t i = 0; i < count; i++) {
        feed_t *feed = take(self, text_of(config_text(config, "connectord.sources.%zu.name", i)));
        applied &= apply_one(self, &feed, config, i);
        if (feed)
            next[kept++] = feed;
    }
    free(self->feeds);
    self->feeds = next;
    self->count = kept;
    for (size_t i = 0; i < kept; i++)
        feed_move_last(next[i]);
    return applied;
}

size_t feeds_count(const feeds_t *self)
{
    return self ? self->count : 0;
}

feed_t *feeds_at(const feeds_t *self, size_t number)
{
    return self->feeds[number];
}

feed_t *feeds_find(const feeds_t *self, text_t name)
{
    for (size_t i = 0; i < self->count; i++)
        if (text_equal(feed_config(self->feeds[i])->name, name))
            return self->feeds[i];
    return NULL;
}

static bool offers(const source_config_t *config, text_t symbol)
{
    size_t i = 0;
    while (i < config->symbol_count && !text_equal(config->symbols[i], symbol))
        i++;
    return i < config->symbol_count;
}

/* The feed's settings with the symbol, or without it. False when memory runs out. */
static bool settings_with(source_config_t *settings, const source_config_t *now, text_t symbol, overlay_change_t change)
{
    text_t *symbols = calloc(now->symbol_count + 1, sizeof *symbols);
    size_t count = 0;
    bool made = symbols && source_config_copy(settings, now);
    for (size_t i = 0; made && i < now->symbol_count; i++)
        if (!text_equal(now->symbols[i], symbol))
            symbols[count++] = now->symbols[i];
    if (made && change == OVERLAY_ADDED)
        symbols[count++] = symbol;
    if (made && !(made = source_config_set_symbols(settings, symbols, count)))
        source_config_release(settings);
    free(symbols);
    return made;
}

/* On disk first: what is answered has happened, whatever happens next. */
static symbol_result_t order(const feeds_t *self, feed_t *feed, text_t symbol, overlay_change_t change)
{
    overlay_change_t opposite = change == OVERLAY_ADDED ? OVERLAY_REMOVED : OVERLAY_ADDED;
    text_t name = feed_config(feed)->name;
    source_config_t settings;
    if (!settings_with(&settings, feed_config(feed), symbol, change))
        return SYMBOL_UNAVAILABLE;
    overlay_result_t set = overlay_set(self->shared->overlay, name, symbol, change);
    if (set != OVERLAY_SET) {
        source_config_release(&settings);
        return set == OVERLAY_FULL ? SYMBOL_TOO_MANY : SYMBOL_UNAVAILABLE;
    }
    if (feed_change_symbols(feed, &settings) || offers(feed_config(feed), symbol) == (change == OVERLAY_ADDED))
        return SYMBOL_CHANGED;
    overlay_set(self->shared->overlay, name, symbol, opposite);
    return SYMBOL_UNAVAILABLE;
}

symbol_result_t feeds_order_symbol(void *arg, text_t source, text_t symbol, overlay_change_t change)
{
    feeds_t *self = arg;
    feed_t *feed = feeds_find(self, source);
    if (!feed)
        return SYMBOL_NO_SOURCE;
    if (offers(feed_config(feed), symbol) == (change == OVERLAY_ADDED))
        return SYMBOL_AS_IT_WAS;
    if (change == OVERLAY_ADDED && feed_config(feed)->symbol_count >= SOURCE_SYMBOLS_MAX)
        return SYMBOL_TOO_MANY;
    return order(self, feed, symbol, change);
}

bool feeds_remember(feeds_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (feed_remember(self->feeds[i]))
            return true;
    return false;
}

void feeds_stop(feeds_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        feed_stop(self->feeds[i]);
}

void feeds_destroy(feeds_t **self_ref)
{
    feeds_t *self = *self_ref;
    if (!self)
        return;
    *self_ref = NULL;
    while (self->count > 0)
        feed_destroy(&self->feeds[--self->count]);
    free(self->feeds);
    free(self);
}
