/* Places in the configuration, what stands there, and the mistakes that are reported with them. */
#include <stdarg.h>

#include "common/config/config_load.h"

enum { MISTAKE_MAX = 2048, NAME_SHOWN_MAX = 64 };

bool config_place_member(const config_place_t *self, text_t name, config_place_t *out)
{
    config_place_t member;
    if (name.length == 0 || name.length > SCHEMA_PATH_MAX || memchr(name.at, '.', name.length) ||
        memchr(name.at, '[', name.length))
        return false;
    const char *dot = *self->pattern ? "." : "";
    int path = snprintf(member.path, PLACE_MAX, "%s%s%.*s", self->path, dot, TEXT_ARG(name));
    int pattern = snprintf(member.pattern, PLACE_MAX, "%s%s%.*s", self->pattern, dot, TEXT_ARG(name));
    if (path >= PLACE_MAX || pattern >= PLACE_MAX)
        return false;
    if (!schema_find(member.pattern) && !schema_is_section(member.pattern))
        return false;
    *out = member;
    return true;
}

config_place_t config_place_element(const config_place_t *self, size_t number)
{
    config_place_t element = *self;
    size_t path = strlen(self->path);
    size_t pattern = strlen(self->pattern);
    snprintf(element.path + path, PLACE_MAX - path, ".%zu", number);
    snprintf(element.pattern + pattern, PLACE_MAX - pattern, "[]");
    return element;
}

config_place_t config_place_entry(const config_place_t *self, text_t name)
{
    config_place_t entry = *self;
    size_t path = strlen(self->path);
    size_t pattern = strlen(self->pattern);
    snprintf(entry.path + path, PLACE_MAX - path, ".%.*s", name.length > NAME_SHOWN_MAX ? NAME_SHOWN_MAX : (int)name.length,
             name.at);
    snprintf(entry.pattern + pattern, PLACE_MAX - pattern, "[]");
    return entry;
}

static bool is_map(const cJSON *node, const config_place_t *place)
{
    const schema_key_t *key = schema_find(place->pattern);
    return key && key->type == KEY_MAP && cJSON_IsObject(node);
}

static const cJSON *step(const cJSON *node, config_place_t *place, text_t name)
{
    uint64_t number;
    if (cJSON_IsArray(node) && text_to_u64(name, &number) && number < (uint64_t)cJSON_GetArraySize(node)) {
        *place = config_place_element(place, (size_t)number);
        return cJSON_GetArrayItem(node, (int)number);
    }
    if (is_map(node, place))
        *place = config_place_entry(place, name);
    else if (!cJSON_IsObject(node) || !config_place_member(place, name, place))
        return NULL;
    char string[PLACE_MAX];
    snprintf(string, sizeof string, "%.*s", TEXT_ARG(name));
    return cJSON_GetObjectItemCaseSensitive(node, string);
}

/* Does the path go on with a member of that entry of a map? */
static bool leads_on(const cJSON *entry, const config_place_t *map, const char *path)
{
    size_t length = strlen(entry->string);
    if (strncmp(path, entry->string, length) != 0 || path[length] != '.')
        return false;
    config_place_t place = config_place_entry(map, text_of(entry->string));
    const char *member = path + length + 1;
    return config_place_member(&place, (text_t){member, strcspn(member, ".")}, &place);
}

/* How long the first name of the path is. The name of a map's entry may have dots itself; a member of it follows. */
static size_t first_name(const cJSON *node, const config_place_t *place, const char *path)
{
    size_t longest = 0;
    if (!is_map(node, place))
        return strcspn(path, ".");
    for (const cJSON *entry = node->child; entry; entry = entry->next)
        if (strlen(entry->string) > longest && leads_on(entry, place, path))
            longest = strlen(entry->string);
    return longest > 0 ? longest : strlen(path);
}

const cJSON *config_find(const cJSON *root, const char *path, const schema_key_t **key)
{
    config_place_t place = {0};
    const cJSON *node = root;
    const schema_key_t *found = NULL;
    for (const char *at = path; node && at;) {
        size_t length = first_name(node, &place, at);
        node = step(node, &place, (text_t){at, length});
        const schema_key_t *here = schema_find(place.pattern);
        if (here || cJSON_IsObject(node))
            found = here;
        at = at[length] ? at + length + 1 : NULL;
    }
    if (key)
        *key = found;
    return node;
}

static void print_line(const char *line)
{
    fprintf(stderr, "%s\n", line);
}

/* One line, whatever the texts in it were. */
static void make_line(char *line)
{
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
}

void config_mistake(config_load_t *load, const char *path, const char *origin, const char *format, ...)
{
    char what[MISTAKE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    char line[MISTAKE_MAX + 1024];
    snprintf(line, sizeof line, "config: %.300s: %s%s%.600s%s", path, what, origin ? " (" : "", origin ? origin : "",
             origin ? ")" : "");
    make_line(line);
    (load->report ? load->report : print_line)(line);
    load->mistakes++;
}

void config_unknown(config_load_t *load, const config_place_t *section, text_t name, const char *origin)
{
    char path[PLACE_MAX + NAME_SHOWN_MAX + 8];
    int shown = name.length > NAME_SHOWN_MAX ? NAME_SHOWN_MAX : (int)name.length;
    snprintf(path, sizeof path, "%s%s%.*s%s", section->path, *section->path ? "." : "", shown, name.at,
             name.length > NAME_SHOWN_MAX ? "…" : "");
    text_t nearest = schema_nearest(section->pattern, name);
    if (nearest.length)
        config_mistake(load, path, origin, "unknown key; did you mean \"%.*s\"?", TEXT_ARG(nearest));
    else
        config_mistake(load, path, origin, "unknown key");
}

void config_out_of_memory(config_load_t *load)
{
    config_mistake(load, load->file ? load->file : "defaults", NULL, "out of memory");
}

static bool touches(const char *a, const char *b)
{
    size_t length = strlen(a);
    return strncmp(a, b, length) == 0 && (b[length] == '\0' || b[length] == '.');
}

const char *config_origin(const config_load_t *load, const char *path)
{
    for (size_t i = load->override_count; i-- > 0;)
        if (touches(load->overrides[i].path, path) || touches(path, load->overrides[i].path))
            return load->overrides[i].origin;
    return load->file ? load->file : "defaults";
}
