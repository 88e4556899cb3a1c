#include "common/config/config_compare.h"

#include "common/config/config_load.h"

typedef struct {
    config_changed_fn *changed;
    void *arg;
} change_handler_t;

static void compare_section(const change_handler_t *handler, const cJSON *before, const cJSON *now,
                            const config_place_t *place);

/* Lists of as many objects: key by key, so that what changed is named exactly. */
static void compare_objects(const change_handler_t *handler, const cJSON *before, const cJSON *now, const config_place_t *place)
{
    size_t number = 0;
    for (before = before->child, now = now->child; before && now; before = before->next, now = now->next) {
        config_place_t element = config_place_element(place, number++);
        compare_section(handler, before, now, &element);
    }
}

/* Lists of other things, whatever else is said of each? */
static bool is_another(const schema_key_t *key, const cJSON *before, const cJSON *now)
{
    if (cJSON_GetArraySize(before) != cJSON_GetArraySize(now))
        return true;
    if (!key->plain)
        return false;
    for (before = before->child, now = now->child; before && now; before = before->next, now = now->next)
        if (strcmp(config_plain(key, before), config_plain(key, now)) != 0)
            return true;
    return false;
}

static void compare_section(const change_handler_t *handler, const cJSON *before, const cJSON *now, const config_place_t *place)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, now)
    {
        config_place_t below;
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(before, member->string);
        if (!config_place_member(place, text_of(member->string), &below))
            continue;
        const schema_key_t *key = schema_find(below.pattern);
        if (!key)
            compare_section(handler, other, member, &below);
        else if (key->type == KEY_OBJECTS && !is_another(key, other, member))
            compare_objects(handler, other, member, &below);
        else if (!cJSON_Compare(other, member, true))
            handler->changed(handler->arg, below.path);
    }
}

void config_compare_trees(const cJSON *before, const cJSON *now, const char *section, config_changed_fn *changed, void *arg)
{
    config_place_t place = {0};
    const change_handler_t handler = {changed, arg};
    if (config_place_member(&place, text_of(section), &place))
        compare_section(&handler, cJSON_GetObjectItemCaseSensitive(before, section),
                        cJSON_GetObjectItemCaseSensitive(now, section), &place);
}
