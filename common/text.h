/* A slice of text owned by somebody else, and a bounded place to print into.
 *
 * Slices carry their length: nothing here ends in a NUL unless it says so. Parsers hand out slices of their input, so
 * that a trade travels from the exchange to a client without being copied field by field.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *at;
    size_t length;
} text_t;

/* The slice of a string literal. */
#define TEXT(literal) ((text_t){"" literal, sizeof(literal) - 1})

/* The same where only a constant will do. */
#define TEXT_CONST(literal)                                                                                                    \
    {                                                                                                                          \
        "" literal, sizeof(literal) - 1                                                                                        \
    }

/* For printf: "%.*s", TEXT_ARG(slice) */
#define TEXT_ARG(text) (int)(text).length, (text).at

static inline text_t text_of(const char *string)
{
    return (text_t){string, strlen(string)};
}

static inline bool text_equal(text_t a, text_t b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

/* Orders by bytes; what another one begins with comes before it. Negative, 0 or positive. */
static inline int text_compare(text_t a, text_t b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter > 0 ? memcmp(a.at, b.at, shorter) : 0;
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* No more than its first bytes. */
static inline text_t text_cut(text_t text, size_t max)
{
    return (text_t){text.at, text.length < max ? text.length : max};
}

static inline bool text_starts_with(text_t text, text_t prefix)
{
    return text.length >= prefix.length && (prefix.length == 0 || memcmp(text.at, prefix.at, prefix.length) == 0);
}

static inline bool text_ends_with(text_t text, text_t ending)
{
    return text.length >= ending.length &&
           (ending.length == 0 || memcmp(text.at + text.length - ending.length, ending.at, ending.length) == 0);
}

/* UTF-8's byte order mark, which some editors and shells put before a text. It means nothing: at the start of a text from outside it is
 * skipped, once. */
#define TEXT_MARK "\xef\xbb\xbf"

static inline text_t text_without_mark(text_t text)
{
    const size_t mark = sizeof TEXT_MARK - 1;
    return text_starts_with(text, TEXT(TEXT_MARK)) ? (text_t){text.at + mark, text.length - mark} : text;
}

/* Without spaces and tabs around it. */
static inline text_t text_trim(text_t text)
{
    while (text.length > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = (text_t){text.at + 1, text.length - 1};
    while (text.length > 0 && (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
        text.length--;
    return text;
}

/* A decimal number of 1 to 20 digits and nothing else, at most UINT64_MAX. False, and *value untouched, otherwise. */
bool text_to_u64(text_t text, uint64_t *value);

/* The digits of value, without a NUL. Returns how many were written: 1 to 20. */
size_t text_from_u64(char out[static 20], uint64_t value);

/* Two digits of a number below 100. */
static inline void text_put_2(char *out, unsigned value)
{
    unsigned tens = value * 103 >> 10; /* value / 10 */
    out[0] = (char)('0' + tens);
    out[1] = (char)('0' + (value - tens * 10));
}

/* Well-formed UTF-8 as in RFC 3629: no overlong form, no surrogate, nothing beyond U+10FFFF. */
bool text_is_utf8(text_t text);

/* Bytes of the well-formed UTF-8 character that the text begins with: 1 to 4, or 0 if it does not begin with one. */
size_t text_utf8_char(text_t text);

/* Bytes of the well-formed characters that the text begins with. */
size_t text_utf8_prefix(text_t text);

/* Is it the start of a well-formed character whose other bytes are still to come? */
bool text_utf8_begins(text_t text);

/* A 64-bit hash for tables whose keys come from outside (SipHash-1-3, with a key drawn at the process's start). */
uint64_t text_hash(text_t text);
