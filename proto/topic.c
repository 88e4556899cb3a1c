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

bool key_valid(text_t key)
{
    if (key.length < 1 || key.length > KEY_MAX)
        return false;
    for (size_t n; key.length; key.at += n, key.length -= n)
        if ((n = symbol_step(key)) == 0)
            return false;
    return true;
}

bool symbol_valid(text_t symbol)
{
    return has_hyphen_inside(symbol) && key_valid(symbol);
}

static bool channel_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Is it what a channel may begin with? */
static bool channel_can_begin(text_t channel)
{
    if (channel.length > CHANNEL_MAX || (channel.length > 0 && (channel.at[0] < 'a' || channel.at[0] > 'z')))
        return false;
    for (size_t i = 0; i < channel.length; i++)
        if (!channel_char(channel.at[i]))
            return false;
    return true;
}

bool channel_valid(text_t channel)
{
    return channel.length > 0 && channel_can_begin(channel) && !text_equal(channel, TEXT("trade")) &&
           !text_equal(channel, TEXT(CHANNEL_TRADES)) && !text_equal(channel, TEXT("status"));
}

bool channel_reserved(text_t channel)
{
    return text_equal(channel, TEXT(CHANNEL_COVERAGE));
}

/* What is before the first dot; false where there is none. And what is behind it. */
static bool split(text_t text, text_t *before, text_t *behind)
{
    const char *dot = text.length ? memchr(text.at, '.', text.length) : NULL;
    if (!dot)
        return false;
    *before = (text_t){text.at, (size_t)(dot - text.at)};
    *behind = (text_t){dot + 1, text.length - before->length - 1};
    return true;
}

bool subject_is_symbol(text_t subject)
{
    return subject.length == 0 || !memchr(subject.at, '.', subject.length);
}

bool subject_valid(text_t subject)
{
    text_t channel, key;
    return split(subject, &channel, &key) ? channel_valid(channel) && key_valid(key) : symbol_valid(subject);
}

bool subject_is_any(text_t subject)
{
    text_t channel, key;
    return split(subject, &channel, &key) && channel_valid(channel) && text_equal(key, TEXT("*"));
}

bool subject_take(text_t *text, text_t *subject)
{
    text_t first, rest, key, behind;
    if (!split(*text, &first, &rest))
        return false;
    *subject = first;
    if (!memchr(first.at, '-', first.length) &&
        split(rest, &key, &behind)) { /* no channel has a hyphen, and every symbol has */
        *subject = (text_t){first.at, first.length + 1 + key.length};
        rest = behind;
    }
    *text = rest;
    return subject_valid(*subject);
}

void subject_split(text_t subject, text_t *channel, text_t *key)
{
    if (!split(subject, channel, key)) {
        *channel = TEXT(CHANNEL_TRADES);
        *key = subject;
    }
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

size_t subject_print(char out[static SUBJECT_MAX], text_t channel, text_t key)
{
    char *at = out;
    if (!text_equal(channel, TEXT(CHANNEL_TRADES))) {
        at = put(at, channel);
        *at++ = '.';
    }
    return (size_t)(put(at, key) - out);
}

/* What stands before the subject. */
static text_t prefix_of(text_t subject)
{
    return subject_is_symbol(subject) ? TEXT(TOPIC_TRADE) : TEXT("");
}

size_t topic_print(char out[static TOPIC_MAX], text_t subject, text_t source)
{
    char *at = put(out, prefix_of(subject));
    at = put(at, subject);
    *at++ = '.';
    return (size_t)(put(at, source) - out);
}

bool topic_names(text_t topic, text_t subject, text_t source)
{
    text_t prefix = prefix_of(subject);
    if (topic.length != prefix.length + subject.length + 1 + source.length || !text_starts_with(topic, prefix))
        return false;
    const char *at = topic.at + prefix.length;
    return memcmp(at, subject.at, subject.length) == 0 && at[subject.length] == '.' &&
           memcmp(at + subject.length + 1, source.at, source.length) == 0;
}

bool topic_parse(text_t topic, text_t *subject, text_t *source)
{
    text_t channel, rest, key, found_source;
    if (topic.length > TOPIC_MAX || !split(topic, &channel, &rest) || !split(rest, &key, &found_source) ||
        !source_valid(found_source))
        return false;
    bool trades = text_equal(channel, TEXT("trade"));
    if (trades ? !symbol_valid(key) : !channel_valid(channel) || !key_valid(key))
        return false;
    *subject = trades ? key : (text_t){topic.at, channel.length + 1 + key.length};
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

/* Is it what a key may begin with? */
static bool key_can_begin(text_t key)
{
    if (key.length > KEY_MAX)
        return false;
    for (size_t n; key.length; key.at += n, key.length -= n)
        if ((n = symbol_step(key)) == 0)
            return is_cut_short(key);
    return true;
}

/* Can a stream's topic go on so behind its channel? */
static bool stream_can_go_on(text_t rest, bool valid(text_t key))
{
    text_t key, source;
    if (!split(rest, &key, &source))
        return key_can_begin(rest);
    return valid(key) && source_can_begin(source);
}

bool topic_can_begin(text_t prefix)
{
    text_t first, rest;
    if (!split(prefix, &first, &rest))
        return channel_can_begin(prefix);
    if (text_equal(first, TEXT("status")))
        return source_can_begin(rest);
    if (text_equal(first, TEXT("trade")))
        return stream_can_go_on(rest, symbol_valid);
    return channel_valid(first) && stream_can_go_on(rest, key_valid);
}
