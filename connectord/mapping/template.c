#include "connectord/mapping/template.h"

#include <ctype.h>
#include <stdio.h>

enum { FOUND_MAX = 40 };

static const struct {
    text_t name;
    template_kind_t kind;
} names[] = {{TEXT_CONST("symbol"), TEMPLATE_SYMBOL},  {TEXT_CONST("key"), TEMPLATE_SYMBOL},
             {TEXT_CONST("base"), TEMPLATE_BASE},      {TEXT_CONST("quote"), TEMPLATE_QUOTE},
             {TEXT_CONST("native"), TEMPLATE_NATIVE},  {TEXT_CONST("token"), TEMPLATE_TOKEN},
             {TEXT_CONST("channel"), TEMPLATE_CHANNEL}};

static bool add(template_t *self, template_part_t part, char *error)
{
    if (self->count == TEMPLATE_PARTS_MAX) {
        snprintf(error, TEMPLATE_ERROR_MAX, "expected at most %d parts", TEMPLATE_PARTS_MAX);
        return false;
    }
    self->parts[self->count++] = part;
    return true;
}

/* native, base:lower */
static bool add_variable(template_t *self, text_t inside, char *error)
{
    const char *colon = memchr(inside.at, ':', inside.length);
    text_t name = {inside.at, colon ? (size_t)(colon - inside.at) : inside.length};
    text_t form = {inside.at + name.length + 1, colon ? inside.length - name.length - 1 : 0};
    template_part_t part = {.lower = colon && text_equal(form, TEXT("lower")),
                            .upper = colon && text_equal(form, TEXT("upper"))};
    size_t i = 0;
    while (i < sizeof names / sizeof *names && !text_equal(name, names[i].name))
        i++;
    if (i == sizeof names / sizeof *names) {
        snprintf(error, TEMPLATE_ERROR_MAX, "expected native, symbol, key, channel, base, quote or token in ${}, found %.*s",
                 TEXT_ARG(text_cut(name, FOUND_MAX)));
        return false;
    }
    if (colon && !part.lower && !part.upper) {
        snprintf(error, TEMPLATE_ERROR_MAX, "expected lower or upper behind the colon in ${}, found %.*s",
                 TEXT_ARG(text_cut(form, FOUND_MAX)));
        return false;
    }
    part.kind = names[i].kind;
    return add(self, part, error);
}

bool template_compile(template_t *self, text_t text, char error[static TEMPLATE_ERROR_MAX])
{
    self->count = 0;
    while (text.length > 0) {
        const char *begin = memmem(text.at, text.length, "${", 2);
        size_t plain = begin ? (size_t)(begin - text.at) : text.length;
        if (plain > 0 && !add(self, (template_part_t){.text = {text.at, plain}}, error))
            return false;
        if (!begin)
            break;
        text = (text_t){begin + 2, text.length - plain - 2};
        const char *end = memchr(text.at, '}', text.length);
        if (!end) {
            snprintf(error, TEMPLATE_ERROR_MAX, "expected a } behind ${, found %.*s", TEXT_ARG(text_cut(text, FOUND_MAX)));
            return false;
        }
        size_t length = (size_t)(end - text.at);
        if (!add_variable(self, (text_t){text.at, length}, error))
            return false;
        text = (text_t){end + 1, text.length - length - 1};
    }
    return true;
}

bool template_has(const template_t *self, template_kind_t kind)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->parts[i].kind == kind)
            return true;
    }
    return false;
}

static text_t value_of(const template_part_t *part, const template_values_t *values)
{
    const char *dash = values->symbol.length > 0 ? memchr(values->symbol.at, '-', values->symbol.length) : NULL;
    size_t base = dash ? (size_t)(dash - values->symbol.at) : values->symbol.length;
    switch (part->kind) {
    case TEMPLATE_SYMBOL:
        return values->symbol;
    case TEMPLATE_BASE:
        return (text_t){values->symbol.at, base};
    case TEMPLATE_QUOTE:
        return dash ? (text_t){dash + 1, values->symbol.length - base - 1} : (text_t){"", 0};
    case TEMPLATE_NATIVE:
        return values->native;
    case TEMPLATE_TOKEN:
        return values->token;
    case TEMPLATE_CHANNEL:
        return values->channel;
    default:
        return part->text;
    }
}

/* Without the quotes that the template has around it. */
static void append_escaped(text_t text, buffer_t *out)
{
    size_t start = out->length;
    buffer_append_json_string(out, text);
    if (!buffer_ok(out))
        return;
    memmove(out->bytes + start, out->bytes + start + 1, out->length - start - 2);
    out->length -= 2;
}

static void change_case(const template_part_t *part, char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(part->lower ? tolower((unsigned char)bytes[i]) : toupper((unsigned char)bytes[i]));
}

void template_print(const template_t *self, const template_values_t *values, bool json, buffer_t *out)
{
    for (size_t i = 0; i < self->count; i++) {
        const template_part_t *part = &self->parts[i];
        text_t value = value_of(part, values);
        size_t start = out->length;
        if (json && part->kind != TEMPLATE_TEXT)
            append_escaped(value, out);
        else
            buffer_append(out, value);
        if ((part->lower || part->upper) && buffer_ok(out))
            change_case(part, out->bytes + start, out->length - start);
    }
}
