#include "common/config/config_print.h"

#include <stdlib.h>

#include "common/config/config_load.h"

enum { INDENT = 2 };

static void print_section(buffer_t *out, const cJSON *section, const config_place_t *place, int indent);

/* On a line of its own. */
static void print_name(buffer_t *out, const char *name, int indent)
{
    buffer_printf(out, "\n%*s", indent, "");
    buffer_append_json_string(out, text_of(name));
    buffer_append(out, TEXT(": "));
}

static void print_text(buffer_t *out, const schema_key_t *key, const char *text)
{
    if (key->secret) {
        buffer_append_json_string(out, *text ? TEXT("***") : TEXT(""));
        return;
    }
    buffer_t masked = buffer_new(0);
    text_format_append_masked(key->format, text_of(text), &masked);
    buffer_append_json_string(out, buffer_text(&masked));
    buffer_release(&masked);
}

/* The shortest form that reads back as the same number. */
static void print_number(buffer_t *out, double number)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (!(strtod(text, NULL) < number) && !(strtod(text, NULL) > number))
            break;
    }
    buffer_append(out, text_of(text));
}

/* A list that is one text. */
static bool is_text(const schema_key_t *key, const cJSON *list, const config_place_t *place)
{
    config_place_t first = config_place_element(place, 0);
    return list->child && !list->child->next && config_is_plain(key, list->child, &first);
}

static void print_element(buffer_t *out, const schema_key_t *key, const cJSON *element, const config_place_t *place, int indent)
{
    if (!cJSON_IsObject(element))
        print_text(out, key, element->valuestring);
    else if (config_is_plain(key, element, place))
        print_text(out, schema_find(key->plain), config_plain(key, element));
    else
        print_section(out, element, place, indent);
}

static void print_list(buffer_t *out, const schema_key_t *key, const cJSON *list, const config_place_t *place, int indent)
{
    size_t number = 0;
    bool objects = key->type == KEY_OBJECTS && list->child;
    if (is_text(key, list, place)) {
        print_text(out, schema_find(key->plain), config_plain(key, list->child));
        return;
    }
    buffer_append(out, TEXT("["));
    for (const cJSON *element = list->child; element; element = element->next) {
        config_place_t below = config_place_element(place, number++);
        if (objects)
            buffer_printf(out, "\n%*s", indent + INDENT, "");
        print_element(out, key, element, &below, indent + INDENT);
        if (element->next)
            buffer_append(out, objects ? TEXT(",") : TEXT(", "));
    }
    if (objects)
        buffer_printf(out, "\n%*s", indent, "");
    buffer_append(out, TEXT("]"));
}

static void print_map(buffer_t *out, const cJSON *map, const config_place_t *place, int indent)
{
    buffer_append(out, TEXT("{"));
    for (const cJSON *entry = map->child; entry; entry = entry->next) {
        config_place_t below = config_place_entry(place, text_of(entry->string));
        print_name(out, entry->string, indent + INDENT);
        print_section(out, entry, &below, indent + INDENT);
        if (entry->next)
            buffer_append(out, TEXT(","));
    }
    if (map->child)
        buffer_printf(out, "\n%*s", indent, "");
    buffer_append(out, TEXT("}"));
}

static void print_value(buffer_t *out, const cJSON *value, const config_place_t *place, int indent)
{
    const schema_key_t *key = schema_find(place->pattern);
    if (!key)
        print_section(out, value, place, indent);
    else if (key->type == KEY_MAP)
        print_map(out, value, place, indent);
    else if (cJSON_IsArray(value))
        print_list(out, key, value, place, indent);
    else if (cJSON_IsNumber(value))
        print_number(out, value->valuedouble);
    else if (cJSON_IsBool(value))
        buffer_append(out, cJSON_IsTrue(value) ? TEXT("true") : TEXT("false"));
    else
        print_text(out, key, value->valuestring);
}

static void print_section(buffer_t *out, const cJSON *section, const config_place_t *place, int indent)
{
    buffer_append(out, TEXT("{"));
    for (const cJSON *member = section->child; member; member = member->next) {
        config_place_t below = *place;
        config_place_member(place, text_of(member->string), &below);
        print_name(out, member->string, indent + INDENT);
        print_value(out, member, &below, indent + INDENT);
        if (member->next)
            buffer_append(out, TEXT(","));
    }
    buffer_printf(out, "\n%*s}", indent, "");
}

char *config_tree_print(const cJSON *root)
{
    config_place_t top = {0};
    buffer_t out = buffer_new(0);
    print_section(&out, root, &top, 0);
    char *text = buffer_ok(&out) ? strndup(out.bytes, out.length) : NULL;
    buffer_release(&out);
    return text;
}
