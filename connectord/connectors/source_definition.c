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

/* How a source may be spoken with; of what is posted nothing is said. */
typedef enum { BY_WEBSOCKET = 1, BY_HTTP = 2, BY_POSTS = 4 } source_way_t;

/* The way that the file is of; where that is not one of them, one of them. */
static source_way_t way_of(text_t json, unsigned ways)
{
    if ((ways & BY_HTTP) && (json_member(json, "http").at || ways == BY_HTTP))
        return BY_HTTP;
    if ((ways & BY_WEBSOCKET) && (json_member(json, "websocket").at || ways == BY_WEBSOCKET))
        return BY_WEBSOCKET;
    return BY_POSTS;
}

static bool compile_protocol(source_definition_t *self, source_way_t way, text_t protocol, char *error)
{
    switch (way) {
    case BY_WEBSOCKET:
        return (self->protocol = protocol_new(protocol, error)) != NULL;
    case BY_HTTP:
        return (self->http = http_protocol_new(protocol, error)) != NULL;
    case BY_POSTS:
        break;
    }
    return (self->plain = spelling_new(protocol, error)) != NULL;
}

static bool compile(source_definition_t *self, text_t json, unsigned ways, char *error)
{
    static const struct {
        const char *name, *expected;
    } parts[] = {[BY_WEBSOCKET] = {"websocket", "expected websocket and mapping"},
                 [BY_HTTP] = {"http", "expected http and mapping"},
                 [BY_POSTS] = {"", "expected mapping"}};
    if (!json_valid(json))
        return wrong(error, "expected JSON", "");
    source_way_t way = way_of(json, ways);
    const char *name = parts[way].name;
    for (json_walk_t walk = json_walk(json); json_next(&walk);) {
        if (!(name[0] != '\0' && text_equal(walk.key, text_of(name))) && !text_equal(walk.key, TEXT("mapping")))
            return wrong(error, parts[way].expected, ", and nothing else");
    }
    text_t protocol = name[0] != '\0' ? json_member(json, name) : TEXT(""), mapping = json_member(json, "mapping");
    if (!protocol.at || !mapping.at)
        return wrong(error, protocol.at ? "mapping" : name, ": missing");
    return compile_protocol(self, way, protocol, error) && (self->mapping = mapping_load(mapping, error));
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
    return read_as(self, path, BY_WEBSOCKET | BY_HTTP | BY_POSTS, error);
}

mapping_t *source_definition_read_mapping(const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX])
{
    source_definition_t definition;
    mapping_t *mapping = read_as(&definition, path, BY_POSTS, error) ? definition.mapping : NULL;
    if (mapping)
        definition.mapping = NULL;
    source_definition_release(&definition);
    return mapping;
}

spelling_t *source_definition_spelling(source_definition_t *self)
{
    return self->http ? self->http->spelling : self->protocol ? protocol_spelling(self->protocol) : self->plain;
}

void source_definition_release(source_definition_t *self)
{
    protocol_destroy(&self->protocol);
    http_protocol_destroy(&self->http);
    spelling_destroy(&self->plain);
    mapping_destroy(&self->mapping);
}
