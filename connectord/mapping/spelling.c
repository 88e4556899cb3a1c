#include "connectord/mapping/spelling.h"

#include "common/json/json.h"
#include "common/table.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOUND_MAX = 40 };

typedef struct {
    text_t symbol, native;
    char text[]; /* of both */
} spelled_t;

struct spelling {
    char *rule;        /* owned: what the pattern's parts, or the table, point into */
    text_t table_json; /* empty: there is a pattern */
    template_t pattern;
    table_t *by_symbol, *by_native; /* spelled_t, owned by the first */
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
    self->by_symbol = table_new();
    self->by_native = table_new();
    snprintf(error, TEMPLATE_ERROR_MAX, "out of memory");
    if (!self->by_symbol || !self->by_native || !read_rule(self, rule, error))
        spelling_destroy(&self);
    return self;
}

void spelling_destroy(spelling_t **self_p)
{
    spelling_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t at = 0; self->by_symbol;) {
        spelled_t *spelled = table_each(self->by_symbol, &at);
        if (!spelled)
            break;
        free(spelled);
    }
    table_destroy(&self->by_symbol);
    table_destroy(&self->by_native);
    free(self->rule);
    free(self);
}

static bool print_native(const spelling_t *self, text_t symbol, buffer_t *out, char *error)
{
    template_values_t values = {.symbol = symbol};
    if (self->table_json.length == 0) {
        template_print(&self->pattern, &values, false, out);
        return buffer_ok(out) || refuse(error, "out of memory for ", symbol);
    }
    for (json_walk_t walk = json_walk(self->table_json); json_next(&walk);) {
        text_t name;
        if (!text_equal(walk.key, symbol) || !json_plain_string(walk.value, &name))
            continue;
        buffer_append(out, name);
        return buffer_ok(out) || refuse(error, "out of memory for ", symbol);
    }
    return refuse(error, "there is no name for ", symbol);
}

static bool keep(spelling_t *self, text_t symbol, text_t native, char *error)
{
    if (table_get(self->by_native, native))
        return refuse(error, "two symbols have the same name: ", native);
    spelled_t *spelled = malloc(sizeof *spelled + symbol.length + native.length);
    if (!spelled)
        return refuse(error, "out of memory for ", symbol);
    memcpy(spelled->text, symbol.at, symbol.length);
    memcpy(spelled->text + symbol.length, native.at, native.length);
    spelled->symbol = (text_t){spelled->text, symbol.length};
    spelled->native = (text_t){spelled->text + symbol.length, native.length};
    if (table_put(self->by_symbol, symbol, spelled) && table_put(self->by_native, native, spelled))
        return true;
    table_remove(self->by_symbol, symbol);
    free(spelled);
    return refuse(error, "out of memory for ", symbol);
}

bool spelling_add(spelling_t *self, text_t symbol, char error[static TEMPLATE_ERROR_MAX])
{
    if (table_get(self->by_symbol, symbol))
        return true;
    buffer_t native = buffer_new(0);
    bool ok = print_native(self, symbol, &native, error) && keep(self, symbol, buffer_text(&native), error);
    buffer_release(&native);
    return ok;
}

text_t spelling_native(const spelling_t *self, text_t symbol)
{
    const spelled_t *spelled = table_get(self->by_symbol, symbol);
    return spelled ? spelled->native : (text_t){"", 0};
}

text_t spelling_symbol(const spelling_t *self, text_t native)
{
    const spelled_t *spelled = table_get(self->by_native, native);
    return spelled ? spelled->symbol : (text_t){"", 0};
}
