/* What the schema can't say of one key alone. Values that were reported before are null here: the rules pass over them. */
#include "common/config/config_load.h"

static const cJSON *sources_of(const config_load_t *load)
{
    return config_find(load->root, "connectord.sources", NULL);
}

static void check_given(config_load_t *load, const cJSON *section, const config_place_t *place);

static void check_member_given(config_load_t *load, const cJSON *member, const config_place_t *place, const char *section)
{
    const schema_key_t *key = schema_find(place->pattern);
    if (!key) {
        check_given(load, member, place);
    } else if (!member) {
        buffer_t expected = buffer_new(0);
        schema_describe(key, &expected);
        config_mistake(load, place->path, config_origin(load, section), "must be given: expected %.*s",
                       TEXT_ARG(buffer_text(&expected)));
        buffer_release(&expected);
    } else if (key->type == KEY_MAP) {
        for (const cJSON *entry = member->child; entry; entry = entry->next) {
            config_place_t below = config_place_entry(place, text_of(entry->string));
            check_given(load, entry, &below);
        }
    } else if (key->type == KEY_OBJECTS && cJSON_IsArray(member)) {
        size_t number = 0;
        for (const cJSON *element = member->child; element; element = element->next) {
            config_place_t below = config_place_element(place, number++);
            check_given(load, element, &below);
        }
    }
}

static void check_given(config_load_t *load, const cJSON *section, const config_place_t *place)
{
    if (!cJSON_IsObject(section))
        return;
    schema_walk_t walk = schema_walk(place->pattern);
    while (schema_next(&walk)) {
        config_place_t below;
        char name[SCHEMA_PATH_MAX + 1];
        snprintf(name, sizeof name, "%.*s", TEXT_ARG(walk.name));
        if (config_place_member(place, walk.name, &below))
            check_member_given(load, cJSON_GetObjectItemCaseSensitive(section, name), &below, place->path);
    }
}

static void what_must_be_given_is(config_load_t *load)
{
    config_place_t top = {0};
    check_given(load, load->root, &top);
}

/* Of two values that do not fit together, an override of either is the likelier culprit than the file. */
static const char *origin_of_pair(const config_load_t *load, const char *a, const char *b)
{
    const char *origin = config_origin(load, a);
    bool overridden = strcmp(origin, load->file ? load->file : "defaults") != 0;
    return overridden ? origin : config_origin(load, b);
}

static const char *name_of(const cJSON *source)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(source, "name"));
}

/* Streams are told apart by the source's name. */
static void source_names_are_unique(config_load_t *load)
{
    const cJSON *sources = sources_of(load);
    size_t number = 0;
    for (const cJSON *source = sources ? sources->child : NULL; source; source = source->next, number++) {
        for (const cJSON *other = sources->child; other != source; other = other->next) {
            const char *name = name_of(source);
            if (!name || !name_of(other) || strcmp(name, name_of(other)) != 0)
                continue;
            char path[PLACE_MAX];
            snprintf(path, sizeof path, "connectord.sources.%zu.name", number);
            config_mistake(load, path, config_origin(load, path), "expected a unique name, found \"%s\" again", name);
            break;
        }
    }
}

static void backoff_maximum_is_not_below_initial(config_load_t *load)
{
    const cJSON *sources = sources_of(load);
    size_t number = 0;
    for (const cJSON *source = sources ? sources->child : NULL; source; source = source->next, number++) {
        const cJSON *backoff = cJSON_GetObjectItemCaseSensitive(source, "backoff");
        const cJSON *initial = cJSON_GetObjectItemCaseSensitive(backoff, "initial_ms");
        const cJSON *maximum = cJSON_GetObjectItemCaseSensitive(backoff, "maximum_ms");
        if (!cJSON_IsNumber(initial) || !cJSON_IsNumber(maximum) || maximum->valuedouble >= initial->valuedouble)
            continue;
        char low[PLACE_MAX], high[PLACE_MAX];
        snprintf(low, sizeof low, "connectord.sources.%zu.backoff.initial_ms", number);
        snprintf(high, sizeof high, "connectord.sources.%zu.backoff.maximum_ms", number);
        config_mistake(load, high, origin_of_pair(load, high, low), "expected initial_ms (%.0f) or more, found %.0f",
                       initial->valuedouble, maximum->valuedouble);
    }
}

static void replay_is_as_long_as_bus(config_load_t *load)
{
    static const char *const pairs[][2] = {{"cached.bus", "cached.replay"}, {"gatewayd.bus", "gatewayd.replay"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const cJSON *bus = config_find(load->root, pairs[i][0], NULL);
        const cJSON *replay = config_find(load->root, pairs[i][1], NULL);
        if (!cJSON_IsArray(bus) || !cJSON_IsArray(replay) || cJSON_GetArraySize(bus) == cJSON_GetArraySize(replay))
            continue;
        config_mistake(load, pairs[i][1], origin_of_pair(load, pairs[i][1], pairs[i][0]),
                       "expected as many endpoints as in %s (%d), found %d", pairs[i][0], cJSON_GetArraySize(bus),
                       cJSON_GetArraySize(replay));
    }
}

static bool needs_tokens(const config_load_t *load)
{
    const char *mode = cJSON_GetStringValue(config_find(load->root, "gatewayd.auth.mode", NULL));
    return mode && strcmp(mode, "jwt") == 0;
}

static bool is_empty_text(const config_load_t *load, const char *path)
{
    const char *text = cJSON_GetStringValue(config_find(load->root, path, NULL));
    return text && *text == '\0';
}

static void tokens_have_keys_and_roles(config_load_t *load)
{
    static const char keys[] = "gatewayd.auth.keys", secret[] = "gatewayd.auth.secret_file", table[] = "gatewayd.roles";
    const cJSON *roles = config_find(load->root, table, NULL);
    if (!needs_tokens(load))
        return;
    if (is_empty_text(load, keys) && is_empty_text(load, secret))
        config_mistake(load, keys, config_origin(load, "gatewayd.auth.mode"),
                       "expected keys or secret_file to be given with mode jwt, found neither");
    if (cJSON_IsObject(roles) && !roles->child)
        config_mistake(load, table, config_origin(load, "gatewayd.auth.mode"),
                       "expected at least one role with gatewayd.auth.mode jwt, found none");
}

/* Else it could never see anything. */
static void history_is_longer_than_delay(config_load_t *load)
{
    const cJSON *roles = config_find(load->root, "gatewayd.roles", NULL);
    for (const cJSON *role = cJSON_IsObject(roles) ? roles->child : NULL; role; role = role->next) {
        char path[PLACE_MAX];
        const cJSON *hours = cJSON_GetObjectItemCaseSensitive(role, "history_hours");
        const cJSON *delay = cJSON_GetObjectItemCaseSensitive(role, "delay_ms");
        if (!cJSON_IsNumber(hours) || !cJSON_IsNumber(delay) || !(hours->valuedouble > 0) ||
            hours->valuedouble * 3600e3 > delay->valuedouble)
            continue;
        snprintf(path, sizeof path, "gatewayd.roles.%.64s.history_hours", role->string);
        config_mistake(load, path, config_origin(load, "gatewayd.roles"),
                       "expected more than delay_ms (%.0f), found %.15g hours", delay->valuedouble, hours->valuedouble);
    }
}

static const char *path_of(const cJSON *tls, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tls, name));
}

static void certificates_have_keys(config_load_t *load)
{
    static const char *const names[] = {"certificate", "key"};
    const cJSON *listen = config_find(load->root, "gatewayd.listen", NULL);
    size_t number = 0;
    for (const cJSON *one = listen ? listen->child : NULL; one; one = one->next, number++) {
        const cJSON *tls = cJSON_GetObjectItemCaseSensitive(one, "tls");
        for (size_t i = 0; i < 2; i++) {
            const char *path = path_of(tls, names[i]), *other = path_of(tls, names[1 - i]);
            if (!path || !other || *path || !*other)
                continue;
            char place[PLACE_MAX];
            snprintf(place, sizeof place, "gatewayd.listen.%zu.tls.%s", number, names[i]);
            config_mistake(load, place, config_origin(load, place), "must be given with a %s: expected a path", names[1 - i]);
        }
    }
}

/* Else nobody could connect. */
static void proxy_protocol_has_proxies(config_load_t *load)
{
    const cJSON *listen = config_find(load->root, "gatewayd.listen", NULL);
    const cJSON *proxies = config_find(load->root, "gatewayd.proxies", NULL);
    size_t number = 0;
    if (!cJSON_IsArray(proxies) || proxies->child)
        return;
    for (const cJSON *one = listen ? listen->child : NULL; one; one = one->next, number++) {
        if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "proxy_protocol")))
            continue;
        char place[PLACE_MAX];
        snprintf(place, sizeof place, "gatewayd.listen.%zu.proxy_protocol", number);
        config_mistake(load, place, config_origin(load, place),
                       "expected gatewayd.proxies to be given with it, found no proxies");
    }
}

void config_check_rules(config_load_t *load)
{
    static void (*const rules[])(config_load_t *) = {
        what_must_be_given_is,    source_names_are_unique,    backoff_maximum_is_not_below_initial,
        replay_is_as_long_as_bus, tokens_have_keys_and_roles, history_is_longer_than_delay,
        certificates_have_keys,   proxy_protocol_has_proxies};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        rules[i](load);
}
