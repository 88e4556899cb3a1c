/* Which definition a source's records were made by: a line in the journal's folder, whenever that changes.
 *
 *     state/journal/definitions.ndjson
 *     {"time":"2026-11-29T10:24:33.937Z","epoch":1763941200123456,"source":"okx","definition":"/etc/dataflow/okx.json","sha256":"9f86d0…"}
 */
#pragma once

#include "common/text.h"

enum { DEFINITION_NOTES_BYTES = 1 << 20 /* then the file becomes definitions.old.ndjson, and another one begins */ };

/* The source works by the definition in that file from now on. folder: the journal's; epoch: its present one; time_ns: since 1970. False with a
 * rate-limited log line where that can't be noted, which nothing depends on. */
bool definition_notes_put(const char *folder, text_t source, const char *definition, uint64_t epoch, int64_t time_ns);
