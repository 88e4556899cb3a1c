#include "cached/streams/retention.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/pattern.h"
#include "proto/topic.h"

#define NS_PER_HOUR (3600.0 * 1e9)

typedef struct {
    char *pattern; /* owned */
    size_t plain;  /* characters that are no '*' */
    retention_rule_t rule;
} retention_entry_t;

struct retention {
    retention_entry_t *entries;
    size_t count;
};

static size_t plain_characters(const char *pattern)
{
    size_t count = 0;
    for (; *pattern; pattern++)
        count += *pattern != '*';
    return count;
}

static bool read_entry(retention_entry_t *entry, const config_t *config, const char *path, size_t number)
{
    const char *pattern = config_name(config, number, "%s", path);
    entry->pattern = strdup(pattern);
    entry->plain = plain_characters(pattern);
    entry->rule.trades = (uint64_t)config_integer(config, "%s.%s.trades", path, pattern);
    entry->rule.age_ns = (int64_t)(config_real(config, "%s.%s.hours", path, pattern) * NS_PER_HOUR);
    return entry->pattern != NULL;
}

retention_t *retention_new(const config_t *config, const char *path)
{
    retention_t *self = calloc(1, sizeof *self);
    size_t count = config_count(config, "%s", path);
    if (!self || !(self->entries = calloc(count + 1, sizeof *self->entries)))
        goto fail;
    for (; self->count < count; self->count++)
        if (!read_entry(&self->entries[self->count], config, path, self->count))
            goto fail;
    return self;
fail:
    retention_destroy(&self);
    return NULL;
}

void retention_destroy(retention_t **self_p)
{
    retention_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->count; i++)
        free(self->entries[i].pattern);
    free(self->entries);
    free(self);
}

static retention_rule_t rule_of(const retention_t *self, text_t symbol)
{
    const retention_entry_t *best = NULL;
    for (size_t i = 0; i < self->count; i++) {
        const retention_entry_t *entry = &self->entries[i];
        text_t pattern = text_of(entry->pattern);
        if (text_equal(pattern, symbol))
            return entry->rule;
        if (pattern_matches(pattern, symbol) && (!best || entry->plain > best->plain))
            best = entry;
    }
    return best ? best->rule : (retention_rule_t){0};
}

retention_rule_t retention_of(const retention_t *self, text_t symbol)
{
    static const text_t coverage = TEXT_CONST(CHANNEL_COVERAGE ".");
    if (!text_starts_with(symbol, coverage))
        return rule_of(self, symbol);
    retention_rule_t rule = rule_of(self, (text_t){symbol.at + coverage.length, symbol.length - coverage.length});
    return (retention_rule_t){.trades = rule.trades > 0 || rule.age_ns > 0 ? RETENTION_COVERAGE : 0};
}

/* Every rule counts for some symbol, and one for all must be among them. */
int64_t retention_longest(const retention_t *self)
{
    int64_t longest_ns = 0;
    bool all = false;
    for (size_t i = 0; i < self->count; i++) {
        const retention_entry_t *entry = &self->entries[i];
        if (entry->rule.age_ns == 0)
            return 0;
        all = all || entry->plain == 0;
        longest_ns = entry->rule.age_ns > longest_ns ? entry->rule.age_ns : longest_ns;
    }
    return all ? longest_ns : 0;
}
