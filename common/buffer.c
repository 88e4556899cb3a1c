#include "common/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 256 };
static const size_t default_limit = (size_t)64 << 20;

/* Moves what is left to where the memory begins. */
static void close_up(buffer_t *self)
{
    char *begin = self->bytes - self->gone;
    if (self->length > 0)
        memmove(begin, self->bytes, self->length);
    self->bytes = begin;
    self->capacity += self->gone;
    self->gone = 0;
}

static bool resize(buffer_t *self, size_t capacity)
{
    char *bytes = realloc(self->bytes, capacity);
    if (!bytes)
        return false;
    self->bytes = bytes;
    self->capacity = capacity;
    return true;
}

/* Doubles until `wanted` bytes fit, so that n appends cost O(n). */
static bool buffer_grow(buffer_t *self, size_t wanted)
{
    size_t capacity = self->capacity ? self->capacity : FIRST_CAPACITY;
    while (capacity < wanted)
        capacity = capacity > self->limit / 2 ? self->limit : capacity * 2;
    if (capacity > self->limit)
        capacity = self->limit;
    return resize(self, capacity);
}

static inline bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

/* The escape of such a character within a JSON string. */
static text_t json_escape(unsigned char c, char room[static 6])
{
    static const char hex[] = "0123456789abcdef";
    static const char short_forms[] = "b\bf\fn\nr\rt\t\"\"\\\\";
    for (const char *form = short_forms; *form; form += 2) {
        if (c == (unsigned char)form[1]) {
            memcpy(room, (char[]){'\\', form[0]}, 2);
            return (text_t){room, 2};
        }
    }
    memcpy(room, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
    return (text_t){room, 6};
}

/* Bytes at the front that go into a JSON string as they are. Most texts are nothing but ASCII. */
static size_t plain_prefix(text_t text)
{
    size_t length = 0;
    while (length < text.length && !needs_escape((unsigned char)text.at[length])) {
        bool ascii = (unsigned char)text.at[length] < 0x80;
        size_t n = ascii ? 1 : text_utf8_char((text_t){text.at + length, text.length - length});
        if (n == 0)
            break;
        length += n;
    }
    return length;
}

buffer_t buffer_new(size_t limit_bytes)
{
    return (buffer_t){.limit = limit_bytes ? limit_bytes : default_limit};
}

void buffer_release(buffer_t *self)
{
    if (self->bytes)
        free(self->bytes - self->gone);
    *self = buffer_new(self->limit);
}

void buffer_clear(buffer_t *self)
{
    self->length = 0;
    self->failed = false;
    if (self->gone > 0)
        close_up(self);
}

void buffer_cut(buffer_t *self, size_t length)
{
    assert(length <= self->length);
    self->length = length;
    self->failed = false;
}

buffer_t buffer_take(buffer_t *self)
{
    buffer_t taken = *self;
    *self = buffer_new(self->limit);
    return taken;
}

void buffer_append(buffer_t *self, text_t text)
{
    char *room = buffer_room(self, text.length);
    if (!room || text.length == 0)
        return;
    memcpy(room, text.at, text.length);
    buffer_took(self, text.length);
}

void buffer_append_u64(buffer_t *self, uint64_t value)
{
    char digits[20];
    buffer_append(self, (text_t){digits, text_from_u64(digits, value)});
}

void buffer_printf(buffer_t *self, const char *format, ...)
{
    char line[512];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(line, sizeof line, format, args);
    assert(length >= 0); /* only a wrong format fails */
    if ((size_t)length < sizeof line) {
        buffer_append(self, (text_t){line, (size_t)length});
    } else {
        char *room = buffer_room(self, (size_t)length + 1); /* vsnprintf wants its NUL */
        if (room) {
            vsnprintf(room, (size_t)length + 1, format, again);
            buffer_took(self, (size_t)length);
        }
    }
    va_end(again);
    va_end(args);
}

void buffer_append_json_string(buffer_t *self, text_t text)
{
    size_t start = self->length;
    buffer_append(self, TEXT("\""));
    while (text.length && buffer_ok(self)) {
        size_t plain = plain_prefix(text);
        buffer_append(self, (text_t){text.at, plain});
        text = (text_t){text.at + plain, text.length - plain};
        if (text.length == 0)
            break;
        char room[6];
        unsigned char c = (unsigned char)*text.at;
        buffer_append(self, needs_escape(c) ? json_escape(c, room) : TEXT("\xef\xbf\xbd"));
        text = (text_t){text.at + 1, text.length - 1};
    }
    buffer_append(self, TEXT("\""));
    if (!buffer_ok(self))
        self->length = start; /* whole or not at all */
}

char *buffer_room(buffer_t *self, size_t n)
{
    if (self->failed)
        return NULL;
    if (n > self->capacity - self->length && self->gone > 0)
        close_up(self);
    if (n > self->capacity - self->length || !self->bytes) {
        if (n > self->limit - self->length || !buffer_grow(self, self->length + n)) {
            self->failed = true;
            return NULL;
        }
    }
    return self->bytes + self->length;
}

void buffer_reserve(buffer_t *self, size_t capacity)
{
    if (self->gone > 0)
        close_up(self);
    if (capacity > self->limit)
        capacity = self->limit;
    if (capacity < self->length)
        capacity = self->length;
    if (capacity > 0 && capacity != self->capacity)
        resize(self, capacity);
}

void buffer_took(buffer_t *self, size_t n)
{
    assert(n <= self->capacity - self->length);
    self->length += n;
}

void buffer_consume(buffer_t *self, size_t n)
{
    assert(n <= self->length);
    self->bytes += n;
    self->gone += n;
    self->length -= n;
    self->capacity -= n;
    if (self->gone >= self->length && self->gone > 0)
        close_up(self); /* moves no more than was consumed since the last time */
}
