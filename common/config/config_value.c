/* Texts as values, and the defaults. */
#include <stdlib.h>

#include "common/config/config_load.h"
#include "common/json/json.h"

/* The value if the text is JSON of that kind, else NULL. */
static cJSON *json_of_kind(const char *text, json_kind_t kind)
{
    if (json_kind(text_of(text)) != kind || !json_valid(text_of(text)))
        return NULL;
    return cJSON_Parse(text);
}

static text_t trimmed(text_t text)
{
    while (text.length && text.at[0] == ' ') {
        text.at++;
        text.length--;
    }
    while (text.length && text.at[text.length - 1] == ' ')
        text.length--;
    return text;
}

static bool append_text(cJSON *list, text_t text)
{
    char *copy = strndup(text.at, text.length);
    cJSON *element = copy ? cJSON_CreateString(copy) : NULL;
    free(copy);
    if (element && cJSON_AddItemToArray(list, element))
        return true;
    cJSON_Delete(element);
    return false;
}

/* A,B,C; nothing at all is an empty list. */
static cJSON *split(const char *text)
{
    cJSON *list = cJSON_CreateArray();
    bool more = *text != '\0';
    while (list && more) {
        size_t length = strcspn(text, ",");
        more = text[length] == ',';
        if (!append_text(list, trimmed((text_t){text, length}))) {
            cJSON_Delete(list);
            return NULL;
        }
        text += length + more;
    }
    return list;
}

static cJSON *flag(const char *text)
{
    if (strcmp(text, "true") == 0)
        return cJSON_CreateTrue();
    return strcmp(text, "false") == 0 ? cJSON_CreateFalse() : NULL;
}

/* The member that a text in an object's place gives. */
static const char *plain_name(const schema_key_t *key)
{
    return strrchr(key->plain, '.') + 1;
}

static bool put_object(const schema_key_t *key, cJSON *list, cJSON *element)
{
    cJSON *object = cJSON_CreateObject();
    if (object && cJSON_AddStringToObject(object, plain_name(key), element->valuestring) &&
        cJSON_ReplaceItemViaPointer(list, element, object))
        return true;
    cJSON_Delete(object);
    return false;
}

/* The list that a text, or a list with texts in it, stands for. Takes `value`; NULL when memory runs out. */
static cJSON *expand(const schema_key_t *key, cJSON *value)
{
    cJSON *list = cJSON_IsString(value) ? cJSON_CreateArray() : value;
    if (list && list != value && !cJSON_AddItemToArray(list, value)) {
        cJSON_Delete(list);
        list = NULL;
    }
    if (!list)
        cJSON_Delete(value);
    for (cJSON *element = list ? list->child : NULL, *next; element; element = next) {
        next = element->next;
        if (cJSON_IsString(element) && !put_object(key, list, element)) {
            cJSON_Delete(list);
            return NULL;
        }
    }
    return list;
}

static bool fill_section(cJSON *section, const config_place_t *place);

static bool fill_elements(cJSON *list, const config_place_t *place)
{
    size_t number = 0;
    for (cJSON *element = list->child; element; element = element->next) { /* null has no child */
        config_place_t below =
            element->string ? config_place_entry(place, text_of(element->string)) : config_place_element(place, number++);
        if (cJSON_IsObject(element) && !fill_section(element, &below))
            return false;
    }
    return true;
}

/* Takes a member out and puts it, or its default, behind the ones that came before it in the schema. */
static bool fill_member(cJSON *section, text_t name, const config_place_t *place)
{
    config_place_t below;
    char string[SCHEMA_PATH_MAX + 1];
    snprintf(string, sizeof string, "%.*s", TEXT_ARG(name));
    if (!config_place_member(place, name, &below))
        return false;
    const schema_key_t *key = schema_find(below.pattern);
    cJSON *member = cJSON_DetachItemFromObjectCaseSensitive(section, string);
    if (!member && key && !key->initial)
        return true;
    if (!member)
        member = key ? config_value(key, key->initial) : cJSON_CreateObject();
    if (member && key && key->plain)
        member = expand(key, member);
    if (!member || !cJSON_AddItemToObject(section, string, member)) {
        cJSON_Delete(member);
        return false;
    }
    if (key)
        return (key->type != KEY_OBJECTS && key->type != KEY_MAP) || fill_elements(member, &below);
    return fill_section(member, &below);
}

static bool fill_section(cJSON *section, const config_place_t *place)
{
    schema_walk_t walk = schema_walk(place->pattern);
    while (schema_next(&walk))
        if (!fill_member(section, walk.name, place))
            return false;
    return true;
}

cJSON *config_value(const schema_key_t *key, const char *text)
{
    cJSON *value = NULL;
    switch (key->type) {
    case KEY_TEXT:
        break;
    case KEY_INTEGER:
    case KEY_REAL:
        value = json_of_kind(text, JSON_NUMBER);
        break;
    case KEY_FLAG:
        value = flag(text);
        break;
    case KEY_TEXTS:
        value = json_of_kind(text, JSON_ARRAY);
        if (!value && *text != '[')
            value = split(text);
        break;
    case KEY_OBJECTS:
        value = json_of_kind(text, JSON_ARRAY);
        if (!value && key->plain && strchr(text, ',') && !strpbrk(text, "{\""))
            value = split(text);
        break;
    case KEY_MAP:
        value = json_of_kind(text, JSON_OBJECT);
        break;
    }
    return value ? value : cJSON_CreateString(text);
}

cJSON *config_value_element(const schema_key_t *key, const char *text)
{
    cJSON *value = key->type == KEY_OBJECTS ? json_of_kind(text, JSON_OBJECT) : NULL;
    return value ? value : cJSON_CreateString(text);
}

bool config_is_plain(const schema_key_t *key, const cJSON *element, const config_place_t *place)
{
    if (!key->plain)
        return false;
    cJSON *text = cJSON_GetObjectItemCaseSensitive(element, plain_name(key));
    cJSON *object = cJSON_CreateObject();
    bool plain = object && cJSON_IsString(text) && cJSON_AddStringToObject(object, plain_name(key), text->valuestring) &&
                 fill_section(object, place) && cJSON_Compare(object, element, true);
    cJSON_Delete(object);
    return plain;
}

const char *config_plain(const schema_key_t *key, const cJSON *element)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(element, plain_name(key)));
    return text ? text : "";
}

void config_fill(config_load_t *load)
{
    config_place_t top = {0};
    if (!fill_section(load->root, &top))
        config_out_of_memory(load);
}
