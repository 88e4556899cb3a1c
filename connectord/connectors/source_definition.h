/* A source by configuration: a file of JSON that says how it is spoken with and what its messages mean.
 *
 *     {"websocket": {… protocol.h …}, "mapping": {… mapping.h …}}
 *     {"http": {… http_protocol.h …}, "mapping": {… mapping.h …}}
 *     {"mapping": {… mapping.h …}}      of what is posted
 */
#pragma once

#include "connectord/mapping/http_protocol.h"
#include "connectord/mapping/mapping_test.h"
#include "connectord/mapping/protocol.h"
#include "connectord/mapping/spelling.h"

enum { SOURCE_DEFINITION_BYTES_MAX = 1 << 20, SOURCE_DEFINITION_ERROR_MAX = MAPPING_ERROR_MAX };

/* One of the two protocols is there, or what is posted has our own names. */
typedef struct {
    protocol_t *protocol;
    http_protocol_t *http;
    spelling_t *plain;
    mapping_t *mapping;
} source_definition_t;

/* Reads and compiles the file of a source over a WebSocket, over HTTP, or of any source, and runs the tests of its mapping. False with `error`: what the file lacks, or the
 * key's path, what was expected and what was found. source_definition_release after both. */
bool source_definition_read(source_definition_t *self, const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX]);
bool source_definition_read_http(source_definition_t *self, const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX]);
bool source_definition_read_any(source_definition_t *self, const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX]);

/* The source's names of the symbols. */
spelling_t *source_definition_spelling(source_definition_t *self);

void source_definition_release(source_definition_t *self);

/* The same of what is posted: the file has a mapping, and nothing else. NULL with `error`. */
mapping_t *source_definition_read_mapping(const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX]);
