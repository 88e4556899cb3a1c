#include "common/config/config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

#include "common/config/config_load.h"
#include "common/config/config_print.h"
#include "common/log.h"

enum { CONFIG_PREFIX = sizeof "config: " - 1 };

/* Where a configuration came from. The texts are somebody else's. */
typedef struct {
    const char *file;
    const char *const *overrides;
    size_t override_count;
    char *const *environment;
} config_origin_t;

struct config {
    cJSON *root; /* complete and checked */
    config_origin_t origin;
    const char **overrides; /* origin.overrides, as a copy of its own */
};

static const cJSON *find_formatted(const config_t *self, key_type_t type, const char *format, va_list arguments)
{
    char path[PLACE_MAX];
    const schema_key_t *key = NULL;
    int length = vsnprintf(path, sizeof path, format, arguments);
    assert(length > 0 && length < PLACE_MAX);
    (void)length;
    const cJSON *value = config_find(self->root, path, &key);
    assert(value && key);
    assert(key->type == type || (key->type == KEY_MAP && type == KEY_TEXTS && cJSON_IsObject(value)) ||
           (key->type == KEY_TEXTS && type == KEY_TEXT && cJSON_IsString(value)) ||
           (key->type == KEY_OBJECTS && type == KEY_TEXTS && cJSON_IsArray(value)));
    (void)type;
    return value;
}

static bool keep_origin(config_t *self, const config_origin_t *origin)
{
    self->overrides = calloc(origin->override_count + 1, sizeof *self->overrides);
    for (size_t i = 0; self->overrides && i < origin->override_count; i++)
        self->overrides[i] = origin->overrides[i];
    self->origin = *origin;
    self->origin.overrides = self->overrides;
    return self->overrides != NULL;
}

static config_t *config_read(const config_origin_t *origin, void (*report)(const char *line))
{
    config_load_t load = {.file = origin->file, .report = report};
    config_place_t top = {0};
    config_t *self = calloc(1, sizeof *self);
    config_read_file(&load);
    if (!self || !load.root) {
        config_out_of_memory(&load);
        goto done;
    }
    config_check_section(&load, load.root, &top, origin->file);
    config_fill(&load);
    config_read_overrides(&load, origin->overrides, origin->override_count, origin->environment);
    config_apply_overrides(&load);
    config_check_rules(&load);
    if (!keep_origin(self, origin)) {
        config_out_of_memory(&load);
        goto done;
    }
    self->root = load.root;
    load.root = NULL;
done:
    for (size_t i = 0; i < load.override_count; i++) {
        free(load.overrides[i].path);
        free(load.overrides[i].origin);
    }
    free(load.overrides);
    cJSON_Delete(load.root);
    if (load.mistakes)
        config_destroy(&self);
    return self;
}

config_t *config_load(const char *path, const char *const *overrides, size_t count, char *const *environment)
{
    return config_read(&(config_origin_t){path, overrides, count, environment}, NULL);
}

static void log_mistake(const char *line)
{
    log_error("config: mistake", LOG_TEXT("found", line + CONFIG_PREFIX));
}

config_t *config_reload(const config_t *self)
{
    return config_read(&self->origin, log_mistake);
}

void config_compare(const config_t *before, const config_t *now, const char *section, config_changed_fn *changed, void *arg)
{
    config_compare_trees(before->root, now->root, section, changed, arg);
}

void config_destroy(config_t **self)
{
    if (!*self)
        return;
    cJSON_Delete((*self)->root);
    free((*self)->overrides);
    free(*self);
    *self = NULL;
}

const char *config_text(const config_t *self, const char *path, ...)
{
    va_list arguments;
    va_start(arguments, path);
    const cJSON *value = find_formatted(self, KEY_TEXT, path, arguments);
    va_end(arguments);
    return value->valuestring;
}

int64_t config_integer(const config_t *self, const char *path, ...)
{
    va_list arguments;
    va_start(arguments, path);
    const cJSON *value = find_formatted(self, KEY_INTEGER, path, arguments);
    va_end(arguments);
    return (int64_t)value->valuedouble;
}

double config_real(const config_t *self, const char *path, ...)
{
    va_list arguments;
    va_start(arguments, path);
    const cJSON *value = find_formatted(self, KEY_REAL, path, arguments);
    va_end(arguments);
    return value->valuedouble;
}

bool config_flag(const config_t *self, const char *path, ...)
{
    va_list arguments;
    va_start(arguments, path);
    const cJSON *value = find_formatted(self, KEY_FLAG, path, arguments);
    va_end(arguments);
    return cJSON_IsTrue(value);
}

size_t config_count(const config_t *self, const char *path, ...)
{
    va_list arguments;
    va_start(arguments, path);
    const cJSON *value = find_formatted(self, KEY_TEXTS, path, arguments);
    va_end(arguments);
    return (size_t)cJSON_GetArraySize(value);
}

const char *config_name(const config_t *self, size_t number, const char *path, ...)
{
    va_list arguments;
    va_start(arguments, path);
    const cJSON *value = find_formatted(self, KEY_TEXTS, path, arguments);
    va_end(arguments);
    return cJSON_GetArrayItem(value, (int)number)->string;
}

char *config_print(const config_t *self)
{
    return config_tree_print(self->root);
}
