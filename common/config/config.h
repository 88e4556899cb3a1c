/* The configuration: one JSON file for the three processes.
 *
 * Values come, each overriding the one before, from the schema's defaults, the file, the environment
 * (DATAFLOW_GATEWAYD__LISTEN=127.0.0.1:8081, list elements by number: DATAFLOW_CONNECTORD__SOURCES__0__URL=…) and --set
 * (gatewayd.listen=127.0.0.1:8081). All of it is checked against the schema (schema.h): an unknown key, a wrong type or a
 * value out of range is a mistake, and every mistake is reported, not only the first:
 *
 *     config: gatewayd.listen: expected HOST:PORT, found "8080" (dataflow.json)
 */
#pragma once

#include "common/config/config_compare.h"
#include "common/text.h"

typedef struct config config_t;

/* path: the file, or NULL for defaults only. overrides: count texts "a.b=c" from the command line. environment: NULL-terminated
 * "NAME=value" list (environ). The texts must outlive the configuration. Reports every mistake on stderr; then returns NULL. */
config_t *config_load(const char *path, const char *const *overrides, size_t count, char *const *environment);
void config_destroy(config_t **self);

/* Reads again everything that `self` was loaded from: the file, the environment, the overrides. Mistakes are logged; then it returns NULL. */
config_t *config_reload(const config_t *self);

/* Calls `changed` with the dotted path of each key below a section of the top ("gatewayd") whose values differ. The objects of a list
 * are compared one by one where there are as many as before; else the list is what changed. */
void config_compare(const config_t *before, const config_t *now, const char *section, config_changed_fn *changed, void *arg);

/* Values by dotted path, list elements by number: "connectord.sources.0.name", entries of a map by name. The path must be in the schema (asserted);
 * what is returned is valid until config_destroy. */
const char *config_text(const config_t *self, const char *path, ...) __attribute__((format(printf, 2, 3)));
int64_t config_integer(const config_t *self, const char *path, ...) __attribute__((format(printf, 2, 3)));
double config_real(const config_t *self, const char *path, ...) __attribute__((format(printf, 2, 3)));
bool config_flag(const config_t *self, const char *path, ...) __attribute__((format(printf, 2, 3)));

/* Elements in a list or entries in a map, e.g. "connectord.sources" or "connectord.sources.0.symbols". */
size_t config_count(const config_t *self, const char *path, ...) __attribute__((format(printf, 2, 3)));

/* The name of an entry of a map, by number. */
const char *config_name(const config_t *self, size_t number, const char *path, ...) __attribute__((format(printf, 3, 4)));

/* The whole configuration in effect as indented JSON, secrets (token, …) as "***". The caller frees it. */
char *config_print(const config_t *self);
