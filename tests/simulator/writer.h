/* Text written into a buffer of known size.
 *
 * The caller sizes the buffer for the longest text that it can produce; running out is a programmer's mistake.
 */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    char *start;
    char *at; /* where the next character goes */
    char *end;
} text_writer_t;

static inline text_writer_t writer_on(char *buffer, size_t capacity)
{
    return (text_writer_t){.start = buffer, .at = buffer, .end = buffer + capacity};
}

static inline size_t writer_length(const text_writer_t *self)
{
    return (size_t)(self->at - self->start);
}

static inline void writer_bytes(text_writer_t *self, const char *bytes, size_t length)
{
    assert(length <= (size_t)(self->end - self->at));
    memcpy(self->at, bytes, length);
    self->at += length;
}

/* Inline, so that the length of a literal is known when compiling. */
static inline void writer_text(text_writer_t *self, const char *text)
{
    writer_bytes(self, text, strlen(text));
}

void writer_fill(text_writer_t *self, char byte, size_t count);
void writer_unsigned(text_writer_t *self, uint64_t value);

/* units × 10^-decimals with all its decimals: 1125240, 2 → 11252.40 */
void writer_fixed(text_writer_t *self, uint64_t units, unsigned decimals);

/* units × 10^-decimals as Java prints a double, which is how the exchange prints a quantity: 0.5, 200.0, 8.5E-5 */
void writer_shortest(text_writer_t *self, uint64_t units, unsigned decimals);

/* units × 10^-decimals without zeros at the end: 0.5, 200, 0.000085 */
void writer_trimmed(text_writer_t *self, uint64_t units, unsigned decimals);

/* At most the first `most` characters as a JSON string. What is not printable ASCII becomes '?'. */
void writer_quoted(text_writer_t *self, const char *text, size_t most);

/* 2019-08-13T11:30:06.100140Z from nanoseconds since 1970. */
void writer_timestamp(text_writer_t *self, int64_t real_ns);

/* Ends the text with a NUL and returns its start. */
const char *writer_string(text_writer_t *self);
