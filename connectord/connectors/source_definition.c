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

/* How a source may be spoken with. */
typedef enum { BY_WEBSOCKET = 1, BY_HTTP = 2 } source_way_t;

static bool compile(source_definition_t *self, text_t json, unsigned ways, char *error)
{
    if (!json_valid(json))
        return wrong(error, "expected JSON", "");
    bool http = (ways & BY_HTTP) && (json_member(json, "http").at || ways == BY_HTTP);
    const char *way = http ? "http" : "websocket";
    for (json_walk_t walk = json_walk(json); json_next(&walk);) {
        if (!text_equal(walk.key, text_of(way)) && !text_equal(walk.key, TEXT("mapping")))
            return wrong(error, http ? "expected http and mapping" : "expected websocket and mapping", ", and nothing else");
    }
    text_t protocol = json_member(json, way), mapping = json_member(json, "mapping");
    if (!protocol.at || !mapping.at)
        return wrong(error, protocol.at ? "mapping" : way, ": missing");
    if (http)
        self->http = http_protocol_new(protocol, error);
    else
        self->protocol = protocol_new(protocol, error);
    self->mapping = self->http || self->protocol ? mapping_load(mapping, error) : NULL;
    return self->mapping != NULL;
}

static bool read_as(source_definition_t *self, const char *path, unsigned ways, char *error)
{
    *self = (source_definition_t){0};
    buffer_t file = buffer_new(SOURCE_DEFINITION_BYTES_MAX + 1);
    bool ok = read_file(path, &file, error) && compile(self, text_without_mark(buffer_text(&file)), ways, error);
    buffer_release(&file);
    return ok;
}

bool source_definition_read(source_definition_t *self, const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX])
{
    return read_as(self, path, BY_WEBSOCKET, error);
}

bool source_definition_read_http(source_definition_t *self, const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX])
{
    return read_as(self, path, BY_HTTP, error);
}

bool source_definition_read_any(source_definition_t *self, const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX])
{
    return read_as(self, path, BY_WEBSOCKET | BY_HTTP, error);
}

spelling_t *source_definition_spelling(source_definition_t *self)
{
    return self->http ? self->http->spelling : protocol_spelling(self->protocol);
}

void source_definition_release(source_definition_t *self)
{
    protocol_destroy(&self->protocol);
    http_protocol_destroy(&self->http);
    mapping_destroy(&self->mapping);
}
