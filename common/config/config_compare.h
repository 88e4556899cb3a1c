/* What differs between two configurations: for config.c, whose config_compare says how. */
#pragma once

struct cJSON;

/* path: of a key, with dots. Valid during the call. */
typedef void config_changed_fn(void *arg, const char *path);

/* Of two complete trees (config_load.h), each key below a section of the top. */
void config_compare_trees(const struct cJSON *before, const struct cJSON *now, const char *section, config_changed_fn *changed,
                          void *arg);
