/* What the steps of loading a configuration share. Only config*.c include this.
 *
 *     config_file      the file's JSON, or an empty object
 *     config_check     a tree or a value against the schema; what is wrong is reported and becomes null, so that it is reported
 *                     once
 *     config_value     a text of the schema, the environment or --set as a JSON value; the defaults
 *     config_override  the environment and --set, each put into the tree and checked there
 *     config_rules     what concerns more than one key
 *
 * Between the steps the tree is complete: every section, list and key of the schema is present, except for required keys.
 */
#pragma once

#include <cjson/cJSON.h>

#include "common/config/schema.h"

/* The place of a value, as a person writes it ("connectord.sources.0.url") and as the schema does
 * ("connectord.sources[].url"). The top is {0}. */
enum { PLACE_MAX = SCHEMA_PATH_MAX + 128 };

typedef struct {
    char path[PLACE_MAX];
    char pattern[PLACE_MAX];
} config_place_t;

/* False when there is neither a key nor a section of that name below `self`; *out is untouched then. */
bool config_place_member(const config_place_t *self, text_t name, config_place_t *out);
config_place_t config_place_element(const config_place_t *self, size_t number);

/* Of a map: the entry of that name. */
config_place_t config_place_entry(const config_place_t *self, text_t name);

/* The value at a dotted path, or NULL. The name of a map's entry may have dots itself. *key: its row, or its list's row for an element; NULL for a section. */
const cJSON *config_find(const cJSON *root, const char *path, const schema_key_t **key);

typedef struct {
    char *path;        /* "gatewayd.listen"; owned */
    const char *value; /* somebody else's */
    char *origin;      /* "DATAFLOW_GATEWAYD__LISTEN", "--set"; owned */
} override_t;

typedef struct {
    const char *file; /* NULL: none */
    cJSON *root;      /* always an object */
    override_t *overrides;
    size_t override_count, override_room;
    size_t mistakes;
    void (*report)(const char *line); /* takes "config: PATH: …"; NULL: to stderr */
} config_load_t;

/* Reports one mistake: "config: PATH: what is wrong (ORIGIN)". Control characters become '?'. origin may be NULL. */
void config_mistake(config_load_t *load, const char *path, const char *origin, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "unknown key; did you mean …?" for a name right below a section. */
void config_unknown(config_load_t *load, const config_place_t *section, text_t name, const char *origin);

void config_out_of_memory(config_load_t *load);

/* Where the value at path came from: the last override that touched it, else the file. */
const char *config_origin(const config_load_t *load, const char *path);

/* Puts the file's object into load->root. */
void config_read_file(config_load_t *load);

/* Checks an object and everything below it, except for missing required keys (config_check_rules does that). */
void config_check_section(config_load_t *load, cJSON *section, const config_place_t *place, const char *origin);

/* Checks one value of a key; and one element of a list's key. */
void config_check_value(config_load_t *load, cJSON *value, const config_place_t *place, const schema_key_t *key,
                        const char *origin);
void config_check_element(config_load_t *load, cJSON *value, const config_place_t *place, const schema_key_t *key,
                          const char *origin);

/* The text as a value of the key's type: 8080, true, a JSON list, A,B for a list of texts. What can't be read as such becomes a JSON
 * string, which config_check_value reports. NULL when memory runs out. */
cJSON *config_value(const schema_key_t *key, const char *text);
cJSON *config_value_element(const schema_key_t *key, const char *text);

/* Is an object of a list, at its place, no more than the text that could stand for it (schema_key_t.plain)? And that text. */
bool config_is_plain(const schema_key_t *key, const cJSON *element, const config_place_t *place);
const char *config_plain(const schema_key_t *key, const cJSON *element);

/* Adds defaults for what is missing below load->root and puts all keys into the schema's order. */
void config_fill(config_load_t *load);

/* Collects the overrides (the environment's in the order of their paths, then --set's in theirs), then applies them. */
void config_read_overrides(config_load_t *load, const char *const *settings, size_t count, char *const *environment);
void config_apply_overrides(config_load_t *load);

void config_check_rules(config_load_t *load);
