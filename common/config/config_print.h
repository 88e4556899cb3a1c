/* The configuration as JSON for people. */
#pragma once

#include <cjson/cJSON.h>

/* A complete tree (config_load.h), indented, with secrets as "***". The caller frees it; NULL when memory runs out. */
char *config_tree_print(const cJSON *root);
