/* Writes JSON onto a buffer: names, escapes and commas by itself.
 *
 *     json_writer_t json = json_write(&buffer);
 *     json_open_object(&json, NULL);
 *     json_put_text(&json, "symbol", symbol);
 *     json_put_u64(&json, "trades", count);
 *     json_open_array(&json, "sources");
 *     for (…)
 *         json_put_text(&json, NULL, source);
 *     json_close_array(&json);
 *     json_close_object(&json);
 *
 * `name`: of an object's member, ASCII without anything to escape; NULL for an array's element, for the value itself, and after
 * json_put_name. Nothing is checked on the way: buffer_ok tells at the end whether all of it fitted.
 *
 * There is no state but the text so far: whether a comma is due, its last byte tells. So values nest as deep as they like, raw JSON may be
 * put in between, and an answer may be written in parts, by several writers of the same buffer.
 */
#pragma once

#include "common/buffer.h"

typedef struct {
    buffer_t *out; /* the caller's */
    size_t start;  /* what is before has nothing to do with the value */
} json_writer_t;

/* For a value that begins at the end of what is there … */
json_writer_t json_write(buffer_t *out);

/* … and for what goes on with the value that the buffer began with. */
json_writer_t json_write_on(buffer_t *out);

void json_open_object(json_writer_t *self, const char *name);
void json_close_object(json_writer_t *self);
void json_open_array(json_writer_t *self, const char *name);
void json_close_array(json_writer_t *self);

/* The name of a member that is not known before, escaped. Its value follows, without a name. */
void json_put_name(json_writer_t *self, text_t name);

void json_put_text(json_writer_t *self, const char *name, text_t text);       /* as a string; not UTF-8: U+FFFD */
void json_put_escaped(json_writer_t *self, const char *name, text_t content); /* as a string, of what is escaped already */
void json_put_u64(json_writer_t *self, const char *name, uint64_t value);
void json_put_bool(json_writer_t *self, const char *name, bool value);
void json_put_null(json_writer_t *self, const char *name);
void json_put_time(json_writer_t *self, const char *name, int64_t ns, int digits); /* see timestamp_print */

/* JSON as it is, not empty: a decimal, a trade. */
void json_put_raw(json_writer_t *self, const char *name, text_t json);
