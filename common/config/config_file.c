/* Reads the configuration's file. No part of it is quoted in a message: where JSON is broken, a secret may be next to it. */
#include <errno.h>
#include <stdlib.h>

#include "common/config/config_load.h"
#include "common/json/json.h"

enum { FILE_MAX = 1 << 20 };

/* The whole file, or false with a report. */
static bool read_bytes(config_load_t *load, buffer_t *bytes)
{
    FILE *file = fopen(load->file, "re");
    if (!file) {
        config_mistake(load, load->file, NULL, "can't be read: %s", strerror(errno));
        return false;
    }
    char *room = buffer_room(bytes, FILE_MAX + 1);
    size_t length = room ? fread(room, 1, FILE_MAX + 1, file) : 0;
    bool good = room && !ferror(file);
    if (!good)
        config_mistake(load, load->file, NULL, "can't be read: %s", strerror(room ? errno : ENOMEM));
    else if (length > FILE_MAX) {
        config_mistake(load, load->file, NULL, "is larger than 1 MiB: not a configuration");
        good = false;
    }
    fclose(file);
    if (good)
        buffer_took(bytes, length);
    return good;
}

/* Reports what is wrong at a byte of the file, by line and column (in characters), both from 1. */
static void mistake_at(config_load_t *load, text_t json, size_t offset, const char *what)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset && i < json.length; i++) {
        if (json.at[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)json.at[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    char place[512];
    snprintf(place, sizeof place, "%.400s:%zu:%zu", load->file, line, column);
    config_mistake(load, place, NULL, "%s", what);
}

/* Where cJSON gave up. Having looked for the name behind a comma, it points one behind the '}' that stands there. */
static size_t error_offset(text_t json, const char *end)
{
    size_t offset = (size_t)(end - json.at);
    size_t before = offset > 0 && json.at[offset - 1] == '}' ? offset - 1 : 0;
    while (before > 0 && strchr(" \t\r\n", json.at[before - 1]))
        before--;
    return before > 0 && json.at[before - 1] == ',' ? offset - 1 : offset;
}

/* cJSON would end a text at \u0000 without a word. Within valid JSON, backslashes are in strings only. */
static const char *find_escaped_nul(text_t json)
{
    for (size_t i = 0; i + 5 < json.length; i++) {
        if (json.at[i] != '\\')
            continue;
        if (memcmp(json.at + i, "\\u0000", 6) == 0)
            return json.at + i;
        i++;
    }
    return NULL;
}

/* The object, or NULL with a report. */
static cJSON *parse(config_load_t *load, text_t json)
{
    while (json.length && strchr(" \t\r\n", json.at[json.length - 1]))
        json.length--;
    const char *end = json.at;
    cJSON *root = json.length ? cJSON_ParseWithLengthOpts(json.at, json.length, &end, false) : NULL;
    while (root && end < json.at + json.length && strchr(" \t\r\n", *end))
        end++;
    const char *nul = find_escaped_nul(json);
    if (!root)
        mistake_at(load, json, error_offset(json, end), "expected JSON");
    else if (end < json.at + json.length)
        mistake_at(load, json, (size_t)(end - json.at), "expected the end of the file after the JSON object");
    else if (nul)
        mistake_at(load, json, (size_t)(nul - json.at), "the character U+0000 is not allowed here");
    else if (!text_is_utf8(json))
        config_mistake(load, load->file, NULL, "is not UTF-8");
    else if (!json_valid(json))
        config_mistake(load, load->file, NULL, "is not strict JSON (a number like 01 or 1., a control character in a text, …)");
    else if (!cJSON_IsObject(root))
        mistake_at(load, json, 0, "expected a JSON object");
    else
        return root;
    cJSON_Delete(root);
    return NULL;
}

void config_read_file(config_load_t *load)
{
    buffer_t bytes = buffer_new((size_t)2 * FILE_MAX);
    if (load->file && read_bytes(load, &bytes))
        load->root = parse(load, text_without_mark(buffer_text(&bytes)));

    if (!load->root)
        load->root = cJSON_CreateObject();
    buffer_release(&bytes);
}
