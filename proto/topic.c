#include "proto/topic.h"

#include <limits.h>

/* C0, DEL, space, quotes, backslash; and C1, whose UTF-8 is C2 80 to C2 9F. */
static bool source_char(const char *at, size_t length)
{
    unsigned char c = (unsigned char)at[0];
    if (length == 2 && c == 0xc2)
        return (unsigned char)at[1] >= 0xa0;
    return c > ' ' && c != 0x7f && c != '"' && c != '\'' && c != '\\';
}

static char *put(char *to, text_t text)
{
    memcpy(to, text.at, text.length);
    return to + text.length;
}

bool symbol_char(char c)
{
    static const bool other[UCHAR_MAX + 1] = {
        ['.'] = true, ['"'] = true, ['\''] = true, ['\\'] = true, ['*'] = true, ['/'] = true, [','] = true, [0x7f] = true};
    return (unsigned char)c > ' ' && !other[(unsigned char)c];
}

/* The length of a character that a symbol may have; 0: it may not. */
static size_t symbol_step(text_t text)
{
    if ((unsigned char)text.at[0] < 0x80)
        return symbol_char(text.at[0]);
    size_t n = text_utf8_char(text);
    return n > 0 && source_char(text.at, n) ? n : 0;
}

static bool has_hyphen_inside(text_t symbol)
{
    return symbol.length >= SYMBOL_MIN && memchr(symbol.at + 1, '-', symbol.length - 2);
}

bool symbol_valid(text_t symbol)
{
    if (symbol.length > SYMBOL_MAX || !has_hyphen_inside(symbol))
        return false;
    for (size_t n; symbol.length; symbol.at += n, symbol.length -= n)
        if ((n = symbol_step(symbol)) == 0)
            return false;
    return true;
}

bool source_valid(text_t source)
{
    if (source.length < 1 || source.length > SOURCE_MAX)
        return false;
    for (size_t n; source.length; source.at += n, source.length -= n) {
        n = (unsigned char)source.at[0] < 0x80 ? 1 : text_utf8_char(source);
        if (n == 0 || !source_char(source.at, n))
            return false;
    }
    return true;
}

size_t topic_print(char out[static TOPIC_MAX], text_t symbol, text_t source)
{
    char *at = put(out, TEXT(TOPIC_TRADE));
    at = put(at, symbol);
    *at++ = '.';
    return (size_t)(put(at, source) - out);
}

bool topic_names(text_t topic, text_t symbol, text_t source)
{
    const text_t prefix = TEXT(TOPIC_TRADE);
    if (topic.length != prefix.length + symbol.length + 1 + source.length || !text_starts_with(topic, prefix))
        return false;
    const char *at = topic.at + prefix.length;
    return memcmp(at, symbol.at, symbol.length) == 0 && at[symbol.length] == '.' &&
           memcmp(at + symbol.length + 1, source.at, source.length) == 0;
}

bool topic_parse(text_t topic, text_t *symbol, text_t *source)
{
    const text_t prefix = TEXT(TOPIC_TRADE);
    if (topic.length > TOPIC_MAX || !text_starts_with(topic, prefix))
        return false;
    text_t rest = {topic.at + prefix.length, topic.length - prefix.length};
    const char *dot = rest.length ? memchr(rest.at, '.', rest.length) : NULL;
    if (!dot)
        return false;
    size_t length = (size_t)(dot - rest.at);
    text_t found_symbol = {rest.at, length}, found_source = {dot + 1, rest.length - length - 1};
    if (!symbol_valid(found_symbol) || !source_valid(found_source))
        return false;
    *symbol = found_symbol;
    *source = found_source;
    return true;
}

/* A character of UTF-8 whose last bytes are missing? */
static bool is_cut_short(text_t text)
{
    unsigned char first = (unsigned char)text.at[0];
    if (text.length > 3 || first < 0xc2 || first > 0xf4)
        return false;
    for (size_t i = 1; i < text.length; i++)
        if (((unsigned char)text.at[i] & 0xc0) != 0x80)
            return false;
    return true;
}

static bool source_can_begin(text_t source)
{
    if (source.length > SOURCE_MAX)
        return false;
    for (size_t n; source.length; source.at += n, source.length -= n) {
        n = (unsigned char)source.at[0] < 0x80 ? 1 : text_utf8_char(source);
        if (n == 0)
            return is_cut_short(source);
        if (!source_char(source.at, n))
            return false;
    }
    return true;
}

/* Is it what a symbol may begin with? */
static bool symbol_can_begin(text_t symbol)
{
    if (symbol.length > SYMBOL_MAX)
        return false;
    for (size_t n; symbol.length; symbol.at += n, symbol.length -= n)
        if ((n = symbol_step(symbol)) == 0)
            return is_cut_short(symbol);
    return true;
}

static bool trade_can_begin(text_t rest)
{
    const char *dot = rest.length > 0 ? memchr(rest.at, '.', rest.length) : NULL;
    if (!dot)
        return symbol_can_begin(rest);
    text_t symbol = {rest.at, (size_t)(dot - rest.at)};
    return symbol_valid(symbol) && source_can_begin((text_t){dot + 1, rest.length - symbol.length - 1});
}

bool topic_can_begin(text_t prefix)
{
    const text_t trade = TEXT(TOPIC_TRADE), status = TEXT(TOPIC_STATUS);
    if (text_starts_with(trade, prefix) || text_starts_with(status, prefix))
        return true;
    if (text_starts_with(prefix, status))
        return source_can_begin((text_t){prefix.at + status.length, prefix.length - status.length});
    return text_starts_with(prefix, trade) && trade_can_begin((text_t){prefix.at + trade.length, prefix.length - trade.length});
}
