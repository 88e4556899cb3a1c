/* A source by configuration: a file of JSON that says how it is spoken with and what its messages mean.
 *
 *     {"websocket": {… protocol.h …}, "mapping": {… mapping.h …}}
 */
#pragma once

#include "connectord/mapping/mapping_test.h"
#include "connectord/mapping/protocol.h"

enum { SOURCE_DEFINITION_BYTES_MAX = 1 << 20, SOURCE_DEFINITION_ERROR_MAX = MAPPING_ERROR_MAX };

typedef struct {
    protocol_t *protocol;
    mapping_t *mapping;
} source_definition_t;

/* Reads and compiles the file, and runs the tests of its mapping. False with `error`: what the file lacks, or the key's path, what was expected and what was
 * found. source_definition_release after both. */
bool source_definition_read(source_definition_t *self, const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX]);
void source_definition_release(source_definition_t *self);

/* The same of a source that is not spoken with: the file has a mapping, and nothing else. NULL with `error`. */
mapping_t *source_definition_read_mapping(const char *path, char error[static SOURCE_DEFINITION_ERROR_MAX]);
