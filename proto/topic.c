#include "proto/topic.h"

enum { SYMBOL_PART_MAX = 15 };

static size_t symbol_part(const char *at, size_t length)
{
    size_t n = 0;
    while (n < length && ((at[n] >= 'A' && at[n] <= 'Z') || (at[n] >= '0' && at[n] <= '9')))
        n++;
    return n <= SYMBOL_PART_MAX ? n : 0;
}

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

bool symbol_valid(text_t symbol)
{
    if (symbol.length < 3 || symbol.length > SYMBOL_MAX)
        return false;
    size_t base = symbol_part(symbol.at, symbol.length);
    if (base == 0 || base + 1 >= symbol.length || symbol.at[base] != '-')
        return false;
    size_t quote = symbol.length - base - 1;
    return symbol_part(symbol.at + base + 1, quote) == quote;
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

/* "BTC", and what ends it, off the text. False: there is no such part. *ended: it has been ended. */
static bool take_part(text_t *text, char end, bool *ended)
{
    size_t length = 0;
    while (length < text->length && text->at[length] != end)
        length++;
    *ended = length < text->length;
    if (symbol_part(text->at, length) != length || length > SYMBOL_PART_MAX || (*ended && length == 0))
        return false;
    *text = (text_t){text->at + length + *ended, text->length - length - *ended};
    return true;
}

static bool trade_can_begin(text_t rest)
{
    bool ended;
    if (!take_part(&rest, '-', &ended))
        return false;
    if (!ended)
        return true;
    if (!take_part(&rest, '.', &ended))
        return false;
    return !ended || source_can_begin(rest);
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
