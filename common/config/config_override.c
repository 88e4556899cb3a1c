/* What the environment and --set change. */
#include <ctype.h>
#include <stdlib.h>

#include "common/array.h"
#include "common/config/config_load.h"

#define PREFIX      "DATAFLOW_"
#define CONFIG_NAME "DATAFLOW_CONFIG" /* names the file (options.c) */

static bool add(config_load_t *load, char *path, const char *value, char *origin)
{
    if (!path || !origin || !ARRAY_RESERVE(&load->overrides, &load->override_room, load->override_count + 1, ARRAY_UNBOUNDED)) {
        free(path);
        free(origin);
        config_out_of_memory(load);
        return false;
    }
    load->overrides[load->override_count++] = (override_t){path, value, origin};
    return true;
}

/* GATEWAYD__LISTEN is gatewayd.listen. Changes the text in place. */
static void name_to_path(char *name)
{
    char *out = name;
    for (const char *at = name; *at; at++) {
        if (at[0] == '_' && at[1] == '_') {
            *out++ = '.';
            at++;
        } else {
            *out++ = (char)tolower((unsigned char)*at);
        }
    }
    *out = '\0';
}

static void add_variable(config_load_t *load, const char *variable)
{
    size_t length = strcspn(variable, "=");
    size_t prefix = sizeof PREFIX - 1;
    if (strncasecmp(variable, PREFIX, prefix) != 0 || variable[length] == '\0')
        return;
    if (length == sizeof CONFIG_NAME - 1 && strncmp(variable, CONFIG_NAME, length) == 0)
        return;
    char *path = strndup(variable + prefix, length - prefix);
    if (path)
        name_to_path(path);
    add(load, path, variable + length + 1, strndup(variable, length));
}

static void add_setting(config_load_t *load, const char *setting)
{
    size_t length = strcspn(setting, "=");
    if (length == 0 || setting[length] == '\0')
        config_mistake(load, "--set", NULL, "expected KEY=VALUE, found \"%.*s\"", length > 100 ? 100 : (int)length, setting);
    else
        add(load, strndup(setting, length), setting + length + 1, strdup("--set"));
}

/* Numbers by value, so that elements 9, 10 are appended in this order; and a list before its elements. */
static int by_path(const void *a, const void *b)
{
    return strverscmp(((const override_t *)a)->path, ((const override_t *)b)->path);
}

static cJSON *member_at(const cJSON *section, const config_place_t *place)
{
    const char *dot = strrchr(place->path, '.');
    return cJSON_GetObjectItemCaseSensitive(section, dot ? dot + 1 : place->path);
}

/* The number of an element that is there, or of the next one where there is room. False with a report otherwise. */
static bool element_number(config_load_t *load, const cJSON *list, const config_place_t *place, text_t name, const char *origin,
                           size_t *number)
{
    uint64_t value;
    const schema_key_t *key = schema_find(place->pattern);
    size_t count = (size_t)cJSON_GetArraySize(list);
    bool room = schema_takes_count(key, count + 1) || count + 1 < (size_t)key->minimum;
    if (!text_to_u64(name, &value) || value > count) {
        config_mistake(load, place->path, origin, "no element \"%.*s\": the list has %zu, a new one is number %zu",
                       name.length > 40 ? 40 : (int)name.length, name.at, count, count);
        return false;
    }
    if (value == count && !room) {
        config_mistake(load, place->path, origin, "the list has %zu elements and takes no more", count);
        return false;
    }
    *number = (size_t)value;
    return true;
}

/* One object of a list, appended where it is the next one. */
static cJSON *enter_element(config_load_t *load, cJSON *list, config_place_t *place, text_t name, const char *origin)
{
    size_t number;
    const schema_key_t *key = schema_find(place->pattern);
    if (!element_number(load, list, place, name, origin, &number))
        return NULL;
    *place = config_place_element(place, number);
    cJSON *element = cJSON_GetArrayItem(list, (int)number);
    if (!element && key->type == KEY_OBJECTS) {
        element = cJSON_CreateObject();
        if (!element || !cJSON_AddItemToArray(list, element)) {
            cJSON_Delete(element);
            config_out_of_memory(load);
            return NULL;
        }
        config_fill(load);
    }
    return element;
}

static bool is_map(const cJSON *node, const config_place_t *place)
{
    const schema_key_t *key = schema_find(place->pattern);
    return cJSON_IsObject(node) && key && key->type == KEY_MAP;
}

/* The value of that name within `node`, and its place; NULL with a report. Of null, all was said when it became null. */
static cJSON *enter(config_load_t *load, cJSON *node, config_place_t *place, text_t name, const char *origin)
{
    if (cJSON_IsArray(node))
        return enter_element(load, node, place, name, origin);
    if (is_map(node, place)) {
        config_mistake(load, place->path, origin, "is set as a whole, by a JSON object");
        return NULL;
    }
    if (cJSON_IsObject(node) && config_place_member(place, name, place))
        return member_at(node, place);
    if (!cJSON_IsNull(node))
        config_unknown(load, place, name, origin);
    return NULL;
}

static void set_element(config_load_t *load, cJSON *list, const config_place_t *place, text_t name, const override_t *override)
{
    size_t number;
    const schema_key_t *key = schema_find(place->pattern);
    if (!element_number(load, list, place, name, override->origin, &number))
        return;
    cJSON *value = config_value_element(key, override->value);
    cJSON *old = cJSON_GetArrayItem(list, (int)number);
    if (!value || !(old ? cJSON_ReplaceItemViaPointer(list, old, value) : cJSON_AddItemToArray(list, value))) {
        cJSON_Delete(value);
        config_out_of_memory(load);
        return;
    }
    config_place_t element = config_place_element(place, number);
    config_check_element(load, value, &element, key, override->origin);
}

static void set_member(config_load_t *load, cJSON *section, const config_place_t *place, text_t name,
                       const override_t *override)
{
    config_place_t below;
    if (!config_place_member(place, name, &below)) {
        config_unknown(load, place, name, override->origin);
        return;
    }
    const schema_key_t *key = schema_find(below.pattern);
    if (!key) {
        config_mistake(load, below.path, override->origin, "is a section: set its keys one by one");
        return;
    }
    cJSON *value = config_value(key, override->value);
    cJSON_Delete(cJSON_DetachItemViaPointer(section, member_at(section, &below)));
    const char *dot = strrchr(below.path, '.');
    if (!value || !cJSON_AddItemToObject(section, dot ? dot + 1 : below.path, value)) {
        cJSON_Delete(value);
        config_out_of_memory(load);
        return;
    }
    config_check_value(load, value, &below, key, override->origin);
}

static void apply(config_load_t *load, const override_t *override)
{
    config_place_t place = {0};
    cJSON *node = load->root;
    const char *at = override->path;
    const char *dot;
    for (; node && (dot = strchr(at, '.')); at = dot + 1)
        node = enter(load, node, &place, (text_t){at, (size_t)(dot - at)}, override->origin);
    if (is_map(node, &place))
        config_mistake(load, place.path, override->origin, "is set as a whole, by a JSON object");
    else if (cJSON_IsObject(node))
        set_member(load, node, &place, text_of(at), override);
    else if (cJSON_IsArray(node))
        set_element(load, node, &place, text_of(at), override);
    else if (node && !cJSON_IsNull(node))
        config_unknown(load, &place, text_of(at), override->origin);
}

void config_read_overrides(config_load_t *load, const char *const *settings, size_t count, char *const *environment)
{
    for (char *const *variable = environment; variable && *variable; variable++)
        add_variable(load, *variable);
    if (load->override_count > 1)
        qsort(load->overrides, load->override_count, sizeof *load->overrides, by_path);
    for (size_t i = 1; i < load->override_count; i++)
        if (strcmp(load->overrides[i - 1].path, load->overrides[i].path) == 0)
            config_mistake(load, load->overrides[i].path, load->overrides[i].origin, "given twice in the environment");
    for (size_t i = 0; i < count; i++)
        add_setting(load, settings[i]);
}

void config_apply_overrides(config_load_t *load)
{
    for (size_t i = 0; i < load->override_count; i++) {
        apply(load, &load->overrides[i]);
        config_fill(load);
    }
}
