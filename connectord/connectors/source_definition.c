#include "connectord/connectors/source_definition.h"

#include "common/buffer.h"
#include "common/json/json.h"

#include <errno.h>
#include <stdio.h>

static bool wrong(char *error, const char *what, const char *why)
{
    snprintf(error, SOURCE_DEFINITION_ERROR_MAX, "%s%s", what, why);
    return false;
}

static bool read_file(const char *path, buffer_t *out, char *error)
{
    FILE *file = path[0] != '\0' ? fopen(path, "re") : NULL;
    if (!file)
        return wrong(error, path[0] != '\0' ? "can't open it: " : "expected the path of a definition",
                     path[0] != '\0' ? strerror(errno) : "");
    char *room = buffer_room(out, SOURCE_DEFINITION_BYTES_MAX + 1);
    size_t length = room ? fread(room, 1, SOURCE_DEFINITION_BYTES_MAX + 1, file) : 0;
    bool failed = !room || ferror(file);
    fclose(file);
    if (failed)
        return wrong(error, "can't read it: ", strerror(room ? errno : ENOMEM));
    buffer_took(out, length);
    return length <= SOURCE_DEFINITION_BYTES_MAX || wrong(error, "expected at most 1 MiB", "");
}

static bool compile(source_definition_t *self, text_t json, char *error)
{
    if (!json_valid(json))
        return wrong(error, "expected JSON", "");
    for (json_walk_t walk = json_walk(json); json_next(&walk);) {
        if (!text_equal(walk.key, TEXT("websocket")) && !text_equal(walk.key, TEXT("mapping")))
            return wrong(error, "expected websocket and mapping", ", and nothing else");
    }
    text_t protocol = json_member(json, "websocket"), mapping = json_member(json, "mapping");
    if (!protocol.at || !mapping.at)
        return wrong(error, protocol.at ? "mapping" : "websocket", ": missing");
    self->protocol = protocol_new(protocol, error);
    self->mapping = self->protocol ? mapping_load(mapping, error) : NULL;
    return self->mapping != NULL;
}

bool source_definition_read(source_definition_t *self, const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX])
{
    *self = (source_definition_t){0};
    buffer_t file = buffer_new(SOURCE_DEFINITION_BYTES_MAX + 1);
    bool ok = read_file(path, &file, error) && compile(self, text_without_mark(buffer_text(&file)), error);
    buffer_release(&file);
    return ok;
}

static mapping_t *compile_mapping(text_t json, char *error)
{
    if (!json_valid(json)) {
        wrong(error, "expected JSON", "");
        return NULL;
    }
    for (json_walk_t walk = json_walk(json); json_next(&walk);) {
        if (text_equal(walk.key, TEXT("mapping")))
            continue;
        wrong(error, "expected mapping", ", and nothing else");
        return NULL;
    }
    text_t mapping = json_member(json, "mapping");
    if (mapping.at)
        return mapping_load(mapping, error);
    wrong(error, "mapping", ": missing");
    return NULL;
}

mapping_t *source_definition_read_mapping(const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX])
{
    buffer_t file = buffer_new(SOURCE_DEFINITION_BYTES_MAX + 1);
    mapping_t *mapping = read_file(path, &file, error) ? compile_mapping(text_without_mark(buffer_text(&file)), error) : NULL;
    buffer_release(&file);
    return mapping;
}

void source_definition_release(source_definition_t *self)
{
    protocol_destroy(&self->protocol);
    mapping_destroy(&self->mapping);
}
