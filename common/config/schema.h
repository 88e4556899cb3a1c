/* The keys of the configuration: one table with the path, type, range, default and help of each.
 *
 * What checks values, --help, --print-keys and deploy/configuration.md's table all come from it. Adding a key is adding a row.
 * The rows of a connector's own settings stand in its file, and the build takes them into the table from there.
 */
#pragma once

#include <stdio.h>

#include "common/config/text_format.h"

typedef enum { KEY_TEXT, KEY_INTEGER, KEY_REAL, KEY_FLAG, KEY_TEXTS, KEY_OBJECTS, KEY_MAP } key_type_t;

typedef struct {
    const char
        *path; /* "connectord.sources[].url": "[]" stands for every element of a list, or of a map (an object with names of
                         the user's, each for an object) */
    key_type_t type;
    text_format_t format; /* of a text, of each text of a list, of each name in a map */
    const char *choices;  /* for FORMAT_CHOICE */
    bool optional;        /* an empty text is fine too */
    bool secret;          /* never shown */
    bool power_of_two;    /* an integer that must be one */
    const char *
        plain; /* of a list of objects: the row of the member that a text in an object's place gives; the list may be one such text, too */
    bool reread;    /* a path whose file counts as a part of the configuration: another content is a change */
    double minimum; /* of a number, of the count of a list or a map, or of the bytes of a text */
    double maximum;
    const char *initial; /* the default, as --set takes it (config_value.h); NULL: the key must be given */
    const char *help;
} schema_key_t;

enum { SCHEMA_PATH_MAX = 64 /* characters of a path, at most */ };

#define SCHEMA_SOURCE "connectord.sources[]." /* before the names of a source's settings */

/* The row of that number, or NULL beyond the last. */
const schema_key_t *schema_key(size_t number);

/* The row of that path, or NULL. */
const schema_key_t *schema_find(const char *path);

/* Are there keys below that path? "" is the top, "connectord.sources[]" one element of a list of objects. */
bool schema_is_section(const char *path);

/* Walks the names right below a section, each once, in the table's order.
 *
 *     schema_walk_t walk = schema_walk("gatewayd");
 *     while (schema_next(&walk))
 *         use(walk.name);
 */
typedef struct {
    const char *section;
    size_t row;
    text_t name;
} schema_walk_t;

schema_walk_t schema_walk(const char *section);
bool schema_next(schema_walk_t *walk);

/* The name right below a section that `name` was probably meant to be, or an empty slice. */
text_t schema_nearest(const char *section, text_t name);

/* Is it within the key's format or range? */
bool schema_takes_text(const schema_key_t *key, text_t text);
bool schema_takes_number(const schema_key_t *key, double number);
bool schema_takes_count(const schema_key_t *key, size_t count);

/* What the key accepts, for messages: "an integer from 1 to 10", "HOST:PORT". */
void schema_describe(const schema_key_t *key, buffer_t *out);

/* The same for one element of its list. */
void schema_describe_element(const schema_key_t *key, buffer_t *out);

/* The keys of one section ("log") for --help, at most 100 columns wide. */
void schema_print_section(FILE *out, const char *section);

/* All keys as a Markdown table. */
void schema_print_markdown(FILE *out);
