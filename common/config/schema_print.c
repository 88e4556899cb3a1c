/* The schema in words: for messages, --help and deploy/configuration.md. */
#include "common/config/schema.h"

#include <stdio.h>

enum { HELP_INDENT = 2, HELP_COLUMN = 34, HELP_WIDTH = 80 };

static void describe_map(const schema_key_t *key, buffer_t *out)
{
    buffer_printf(out, "an object of at most %.0f objects, each named by ", key->maximum);
    text_format_describe(key->format, key->choices, out);
}

static void describe_count(const schema_key_t *key, const char *what, buffer_t *out)
{
    if (key->minimum > 0)
        buffer_printf(out, "a list of %.0f to %.0f %s", key->minimum, key->maximum, what);
    else
        buffer_printf(out, "a list of at most %.0f %s", key->maximum, what);
}

/* The default as a person reads it. */
static const char *initial_shown(const schema_key_t *key)
{
    if (!key->initial)
        return "none: must be given";
    if (*key->initial)
        return key->initial;
    return key->type == KEY_TEXTS ? "[]" : "\"\"";
}

/* Prints words from HELP_COLUMN on, in lines of HELP_WIDTH at most, with one more character behind the last word; *column is
 * where that ended. */
static void print_words(FILE *out, const char *text, int *column)
{
    while (*text) {
        int length = (int)strcspn(text, " ");
        if (*column > HELP_COLUMN && *column + 1 + length >= HELP_WIDTH) {
            fprintf(out, "\n%*s", HELP_COLUMN, "");
            *column = HELP_COLUMN;
        }
        *column += fprintf(out, "%s%.*s", *column > HELP_COLUMN ? " " : "", length, text);
        text += length;
        text += strspn(text, " ");
    }
}

static void print_key(FILE *out, const schema_key_t *key)
{
    buffer_t type = buffer_new(0);
    schema_describe(key, &type);
    buffer_append(&type, (text_t){"", 1}); /* the NUL for print_words */
    int column = fprintf(out, "%*s%s", HELP_INDENT, "", key->path);
    if (column > HELP_COLUMN - HELP_INDENT) {
        fputc('\n', out);
        column = 0;
    }
    column += fprintf(out, "%*s", HELP_COLUMN - column, "");
    print_words(out, key->help, &column);
    if (buffer_ok(&type)) {
        fputc('.', out);
        column++;
        print_words(out, "Takes", &column);
        print_words(out, type.bytes, &column);
    }
    fputc(';', out);
    column++;
    print_words(out, "default", &column);
    print_words(out, initial_shown(key), &column);
    fputc('\n', out);
    buffer_release(&type);
}

void schema_describe_element(const schema_key_t *key, buffer_t *out)
{
    if (key->type == KEY_OBJECTS || key->type == KEY_MAP)
        buffer_append(out, TEXT("an object"));
    else
        text_format_describe(key->format, key->choices, out);
}

void schema_describe(const schema_key_t *key, buffer_t *out)
{
    switch (key->type) {
    case KEY_TEXT:
        text_format_describe(key->format, key->choices, out);
        if (key->minimum > 0)
            buffer_printf(out, ", %.0f bytes or more", key->minimum);
        if (key->optional)
            buffer_append(out, TEXT(", or an empty text"));
        break;
    case KEY_INTEGER:
        buffer_printf(out, "%s from %.0f to %.0f", key->power_of_two ? "a power of two" : "an integer", key->minimum,
                      key->maximum);
        break;
    case KEY_REAL:
        buffer_printf(out, "a number from %.15g to %.15g", key->minimum, key->maximum);
        break;
    case KEY_FLAG:
        buffer_append(out, TEXT("true or false"));
        break;
    case KEY_TEXTS:
        describe_count(key, "texts, each ", out);
        schema_describe_element(key, out);
        break;
    case KEY_OBJECTS:
        if (key->plain)
            schema_describe(schema_find(key->plain), out);
        if (key->plain)
            buffer_append(out, TEXT(", or "));
        describe_count(key, key->plain ? "of them, or of objects" : "objects", out);
        break;
    case KEY_MAP:
        describe_map(key, out);
        break;
    }
}

void schema_print_section(FILE *out, const char *section)
{
    size_t length = strlen(section);
    const schema_key_t *key;
    for (size_t i = 0; (key = schema_key(i)); i++)
        if (strncmp(key->path, section, length) == 0 && key->path[length] == '.')
            print_key(out, key);
}

void schema_print_markdown(FILE *out)
{
    fputs("| Key | Takes | Default | Meaning |\n|---|---|---|---|\n", out);
    const schema_key_t *key;
    for (size_t i = 0; (key = schema_key(i)); i++) {
        buffer_t type = buffer_new(0);
        schema_describe(key, &type);
        const char *mark = key->initial ? "`" : "";
        fprintf(out, "| `%s` | %.*s | %s%s%s | %s |\n", key->path, TEXT_ARG(buffer_text(&type)), mark, initial_shown(key), mark,
                key->help);
        buffer_release(&type);
    }
}
