#include "connectord/mapping/spelling.h"

#include "common/json/json.h"
#include "common/table.h"
#include "proto/topic.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOUND_MAX = 40 };

typedef struct spelled {
    struct spelled *next_alike; /* of the same name, of another channel */
    text_t subject, native;
    char text[]; /* of both */
} spelled_t;

struct spelling {
    char *rule;        /* owned: what the pattern's parts, or the table, point into */
    text_t table_json; /* empty: there is a pattern */
    template_t pattern;
    table_t *by_subject, *by_native; /* spelled_t, owned by the first; the first one of a name */
};

/* What is wrong, and with what. */
static bool refuse(char *error, const char *what, text_t found)
{
    snprintf(error, TEMPLATE_ERROR_MAX, "%s%.*s", what, TEXT_ARG(text_cut(found, FOUND_MAX)));
    return false;
}

static bool is_table(text_t object)
{
    for (json_walk_t walk = json_walk(object); json_next(&walk);) {
        text_t name;
        if (!walk.plain_key || !json_plain_string(walk.value, &name))
            return false;
    }
    return true;
}

static bool read_rule(spelling_t *self, text_t rule, char *error)
{
    char *text = self->rule = malloc(rule.length + 1);
    text_t pattern;
    if (!text)
        return refuse(error, "out of memory", TEXT(""));
    memcpy(text, rule.length > 0 ? rule.at : "", rule.length);
    rule.at = text;
    if (rule.length == 0)
        return template_compile(&self->pattern, TEXT("${symbol}"), error);
    if (json_kind(rule) == JSON_OBJECT && is_table(rule)) {
        self->table_json = rule;
        return true;
    }
    if (!json_plain_string(rule, &pattern))
        return refuse(error, "expected a pattern (\"${base}${quote}\") or an object of symbols and names, found ", rule);
    return template_compile(&self->pattern, pattern, error);
}

spelling_t *spelling_new(text_t rule, char error[static TEMPLATE_ERROR_MAX])
{
    spelling_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->by_subject = table_new();
    self->by_native = table_new();
    snprintf(error, TEMPLATE_ERROR_MAX, "out of memory");
    if (!self->by_subject || !self->by_native || !read_rule(self, rule, error))
        spelling_destroy(&self);
    return self;
}

void spelling_destroy(spelling_t **self_p)
{
    spelling_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t at = 0; self->by_subject;) {
        spelled_t *spelled = table_each(self->by_subject, &at);
        if (!spelled)
            break;
        free(spelled);
    }
    table_destroy(&self->by_subject);
    table_destroy(&self->by_native);
    free(self->rule);
    free(self);
}

static bool print_native(const spelling_t *self, text_t key, buffer_t *out, char *error)
{
    template_values_t values = {.symbol = key};
    if (self->table_json.length == 0) {
        template_print(&self->pattern, &values, false, out);
        return buffer_ok(out) || refuse(error, "out of memory for ", key);
    }
    for (json_walk_t walk = json_walk(self->table_json); json_next(&walk);) {
        text_t name;
        if (!text_equal(walk.key, key) || !json_plain_string(walk.value, &name))
            continue;
        buffer_append(out, name);
        return buffer_ok(out) || refuse(error, "out of memory for ", key);
    }
    return refuse(error, "there is no name for ", key);
}

static text_t channel_of(text_t subject)
{
    text_t channel, key;
    subject_split(subject, &channel, &key);
    return channel;
}

static spelled_t *find(const spelling_t *self, text_t channel, text_t native)
{
    spelled_t *spelled = table_get(self->by_native, native);
    while (spelled && !text_equal(channel_of(spelled->subject), channel))
        spelled = spelled->next_alike;
    return spelled;
}

static bool put_in(spelling_t *self, spelled_t *spelled)
{
    spelled_t *alike = table_get(self->by_native, spelled->native);
    if (!table_put(self->by_subject, spelled->subject, spelled))
        return false;
    if (alike) {
        spelled->next_alike = alike->next_alike;
        alike->next_alike = spelled;
        return true;
    }
    if (table_put(self->by_native, spelled->native, spelled))
        return true;
    table_remove(self->by_subject, spelled->subject);
    return false;
}

static bool keep(spelling_t *self, text_t subject, text_t native, char *error)
{
    if (find(self, channel_of(subject), native))
        return refuse(error, "two symbols have the same name: ", native);
    spelled_t *spelled = malloc(sizeof *spelled + subject.length + native.length);
    if (!spelled)
        return refuse(error, "out of memory for ", subject);
    memcpy(spelled->text, subject.at, subject.length);
    memcpy(spelled->text + subject.length, native.at, native.length);
    spelled->next_alike = NULL;
    spelled->subject = (text_t){spelled->text, subject.length};
    spelled->native = (text_t){spelled->text + subject.length, native.length};
    if (put_in(self, spelled))
        return true;
    free(spelled);
    return refuse(error, "out of memory for ", subject);
}

bool spelling_add(spelling_t *self, text_t subject, char error[static TEMPLATE_ERROR_MAX])
{
    text_t channel, key;
    if (table_get(self->by_subject, subject))
        return true;
    buffer_t native = buffer_new(0);
    subject_split(subject, &channel, &key);
    bool ok = print_native(self, key, &native, error) && keep(self, subject, buffer_text(&native), error);
    buffer_release(&native);
    return ok;
}

text_t spelling_native(const spelling_t *self, text_t subject)
{
    const spelled_t *spelled = table_get(self->by_subject, subject);
    return spelled ? spelled->native : (text_t){"", 0};
}

text_t spelling_subject(const spelling_t *self, text_t channel, text_t native)
{
    const spelled_t *spelled = find(self, channel, native);
    return spelled ? spelled->subject : (text_t){"", 0};
}

text_t spelling_subject_at(const spelling_t *self, text_t native, size_t number)
{
    const spelled_t *spelled = table_get(self->by_native, native);
    for (; spelled && number > 0; number--)
        spelled = spelled->next_alike;
    return spelled ? spelled->subject : (text_t){"", 0};
}
