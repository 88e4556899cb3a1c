/* Values against the schema. */
#include "common/config/config_load.h"

enum { FOUND_SHOWN_MAX = 60 };

/* What is wrong is reported once: null stands for "reported" from then on. */
static void blank(cJSON *value)
{
    cJSON_Delete(value->child);
    cJSON_free(value->valuestring);
    value->child = NULL;
    value->valuestring = NULL;
    value->type = (value->type & cJSON_StringIsConst) | cJSON_NULL;
}

static void show_text(const schema_key_t *key, text_t text, buffer_t *out)
{
    buffer_t masked = buffer_new(0);
    text_format_append_masked(key->format, text, &masked);
    text_t shown = buffer_text(&masked);
    bool cut = shown.length > FOUND_SHOWN_MAX;
    if (cut) {
        shown.length = FOUND_SHOWN_MAX;
        while (shown.length > 0 && ((unsigned char)shown.at[shown.length] & 0xc0) == 0x80) /* not within a character */
            shown.length--;
    }
    buffer_append_json_string(out, shown);
    if (cut)
        buffer_append(out, TEXT("…"));
    buffer_release(&masked);
}

/* A list of objects may hold secrets, so that not even its broken JSON is shown. */
static void show_found(const schema_key_t *key, const cJSON *value, buffer_t *out)
{
    bool hidden = key->secret || key->type == KEY_OBJECTS;
    if (cJSON_IsString(value) && hidden)
        buffer_append(out, key->secret ? TEXT("another text") : TEXT("a text"));
    else if (cJSON_IsString(value))
        show_text(key, text_of(value->valuestring), out);
    else if (cJSON_IsNumber(value) && hidden)
        buffer_append(out, TEXT("a number"));
    else if (cJSON_IsNumber(value))
        buffer_printf(out, "%.15g", value->valuedouble);
    else if (cJSON_IsBool(value))
        buffer_append(out, cJSON_IsTrue(value) ? TEXT("true") : TEXT("false"));
    else if (cJSON_IsArray(value))
        buffer_printf(out, "a list of %d", cJSON_GetArraySize(value));
    else
        buffer_append(out, cJSON_IsObject(value) ? TEXT("an object") : TEXT("null"));
}

static void refuse(config_load_t *load, cJSON *value, const char *path, const schema_key_t *key, buffer_t *expected,
                   const char *origin)
{
    buffer_t found = buffer_new(0);
    show_found(key, value, &found);
    config_mistake(load, path, origin, "expected %.*s, found %.*s", TEXT_ARG(buffer_text(expected)),
                   TEXT_ARG(buffer_text(&found)));
    buffer_release(&found);
    blank(value);
}

static bool takes(const schema_key_t *key, const cJSON *value)
{
    switch (key->type) {
    case KEY_TEXT:
        return cJSON_IsString(value) && schema_takes_text(key, text_of(value->valuestring));
    case KEY_INTEGER:
    case KEY_REAL:
        return cJSON_IsNumber(value) && schema_takes_number(key, value->valuedouble);
    case KEY_FLAG:
        return cJSON_IsBool(value);
    case KEY_MAP:
        return cJSON_IsObject(value) && schema_takes_count(key, (size_t)cJSON_GetArraySize(value));
    case KEY_TEXTS:
    case KEY_OBJECTS:
        return cJSON_IsArray(value) && schema_takes_count(key, (size_t)cJSON_GetArraySize(value));
    }
    return false;
}

static bool given_before(const cJSON *section, const cJSON *member)
{
    for (const cJSON *other = section->child; other != member; other = other->next)
        if (strcmp(other->string, member->string) == 0)
            return true;
    return false;
}

/* False when the member is invalid and must go. */
static bool check_member(config_load_t *load, const cJSON *section, cJSON *member, const config_place_t *place,
                         const char *origin)
{
    config_place_t below;
    if (!config_place_member(place, text_of(member->string), &below)) {
        config_unknown(load, place, text_of(member->string), origin);
        return false;
    }
    if (given_before(section, member)) {
        config_mistake(load, below.path, origin, "given twice");
        return false;
    }
    const schema_key_t *key = schema_find(below.pattern);
    if (key) {
        config_check_value(load, member, &below, key, origin);
        return true;
    }
    if (!cJSON_IsObject(member)) {
        config_mistake(load, below.path, origin, "expected an object with the section's keys");
        return false;
    }
    config_check_section(load, member, &below, origin);
    return true;
}

void config_check_section(config_load_t *load, cJSON *section, const config_place_t *place, const char *origin)
{
    for (cJSON *member = section->child, *next; member; member = next) {
        next = member->next;
        if (!check_member(load, section, member, place, origin))
            cJSON_Delete(cJSON_DetachItemViaPointer(section, member));
    }
}

/* False when the entry of a map is invalid and must go. */
static bool check_entry(config_load_t *load, const cJSON *map, cJSON *entry, const config_place_t *place,
                        const schema_key_t *key, const char *origin)
{
    text_t name = text_of(entry->string);
    config_place_t below = config_place_entry(place, name);
    buffer_t expected = buffer_new(0);
    bool good = false;
    if (!text_format_matches(key->format, key->choices, name)) {
        text_format_describe(key->format, key->choices, &expected);
        config_mistake(load, below.path, origin, "expected the name to be %.*s", TEXT_ARG(buffer_text(&expected)));
    } else if (given_before(map, entry)) {
        config_mistake(load, below.path, origin, "given twice");
    } else if (!cJSON_IsObject(entry)) {
        schema_describe_element(key, &expected);
        refuse(load, entry, below.path, key, &expected, origin);
        good = true; /* null stays: it has been reported */
    } else {
        config_check_section(load, entry, &below, origin);
        good = true;
    }
    buffer_release(&expected);
    return good;
}

static void check_map(config_load_t *load, cJSON *map, const config_place_t *place, const schema_key_t *key, const char *origin)
{
    for (cJSON *entry = map->child, *next; entry; entry = next) {
        next = entry->next;
        if (!check_entry(load, map, entry, place, key, origin))
            cJSON_Delete(cJSON_DetachItemViaPointer(map, entry));
    }
}

void config_check_value(config_load_t *load, cJSON *value, const config_place_t *place, const schema_key_t *key,
                        const char *origin)
{
    if (key->plain && !cJSON_IsArray(value) && !cJSON_IsObject(value))
        key = schema_find(key->plain);
    if (!takes(key, value)) {
        buffer_t expected = buffer_new(0);
        schema_describe(key, &expected);
        refuse(load, value, place->path, key, &expected, origin);
        buffer_release(&expected);
        return;
    }
    if (key->type == KEY_MAP)
        check_map(load, value, place, key, origin);
    if (!cJSON_IsArray(value))
        return;
    size_t number = 0;
    for (cJSON *element = value->child; element; element = element->next) {
        config_place_t below = config_place_element(place, number++);
        config_check_element(load, element, &below, key, origin);
    }
}

void config_check_element(config_load_t *load, cJSON *value, const config_place_t *place, const schema_key_t *key,
                          const char *origin)
{
    bool object = cJSON_IsObject(value);
    if (key->type == KEY_OBJECTS && object) {
        config_check_section(load, value, place, origin);
        return;
    }
    if (key->plain) {
        config_check_value(load, value, place, schema_find(key->plain), origin);
        return;
    }
    if (key->type == KEY_TEXTS && cJSON_IsString(value) &&
        text_format_matches(key->format, key->choices, text_of(value->valuestring)))
        return;
    buffer_t expected = buffer_new(0);
    schema_describe_element(key, &expected);
    refuse(load, value, place->path, key, &expected, origin);
    buffer_release(&expected);
}
