#include "common/config/text_format.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#include "common/net/network.h"
#include "proto/topic.h"

enum {
    ANY_MAX = 4096,
    HOST_MAX = 253, /* a DNS name's limit */
    POINTER_MAX = 256,
    IPC_PATH_MAX = 107 /* sun_path, without its NUL */
};

static bool without_prefix(text_t text, text_t prefix, text_t *rest)
{
    if (!text_starts_with(text, prefix))
        return false;
    *rest = (text_t){text.at + prefix.length, text.length - prefix.length};
    return true;
}

static bool any_valid(text_t text)
{
    if (text.length == 0 || text.length > ANY_MAX || !text_is_utf8(text))
        return false;
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
            return false;
    return true;
}

static bool visible_ascii(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] <= 0x20 || text.at[i] >= 0x7f)
            return false;
    return true;
}

/* host: NUL-terminated, begins with '['. A zone belongs to a link's own addresses alone. */
static bool ipv6_valid(char *host, size_t length)
{
    if (host[length - 1] != ']')
        return false;
    host[length - 1] = '\0';
    char *zone = strchr(host, '%');
    if (zone && zone[1] == '\0')
        return false;
    if (zone)
        *zone = '\0';
    struct in6_addr address;
    return inet_pton(AF_INET6, host + 1, &address) == 1 && (!zone || IN6_IS_ADDR_LINKLOCAL(&address));
}

/* A name, an IPv4 address or an IPv6 address in brackets. Something that ends in a number is meant as an IPv4 address. */
static bool host_valid(text_t text)
{
    char host[HOST_MAX + 1];
    if (text.length == 0 || text.length > HOST_MAX || memchr(text.at, '\0', text.length))
        return false;
    memcpy(host, text.at, text.length);
    host[text.length] = '\0';
    if (host[0] == '[')
        return ipv6_valid(host, text.length);
    for (const char *at = host; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr(".-_", *at))
            return false;
    if (host[0] == '.' || host[0] == '-' || strstr(host, ".."))
        return false;
    const char *dot = strrchr(host, '.');
    const char *label = dot ? dot + 1 : host;
    if (strspn(label, "0123456789") < strlen(label) || *label == '\0')
        return true;
    struct in_addr address;
    return inet_pton(AF_INET, host, &address) == 1;
}

static bool split_port(text_t text, text_t *host)
{
    const char *colon = text.length ? memrchr(text.at, ':', text.length) : NULL;
    if (!colon)
        return false;
    uint64_t port;
    text_t digits = {colon + 1, (size_t)(text.at + text.length - colon - 1)};
    if (digits.length > 5 || !text_to_u64(digits, &port) || port == 0 || port > UINT16_MAX)
        return false;
    *host = (text_t){text.at, (size_t)(colon - text.at)};
    return true;
}

static bool address_valid(text_t text)
{
    text_t host;
    return split_port(text, &host) && host_valid(host);
}

/* ZeroMQ would make up a path for "*", which nobody could find; "@" begins a name that is no file's, and needs one. */
static bool ipc_path_valid(text_t path)
{
    return path.length > 0 && path.length <= IPC_PATH_MAX && !text_equal(path, TEXT("*")) && !text_equal(path, TEXT("@"));
}

static bool endpoint_valid(text_t text, bool may_be_star)
{
    text_t rest, host;
    if (without_prefix(text, TEXT("ipc://"), &rest))
        return ipc_path_valid(rest);
    if (!without_prefix(text, TEXT("tcp://"), &rest) || !split_port(rest, &host))
        return false;
    return host_valid(host) || (may_be_star && text_equal(host, TEXT("*")));
}

/* HOST or HOST:PORT */
static bool authority_valid(text_t text)
{
    return host_valid(text) || address_valid(text);
}

static bool url_valid(text_t text)
{
    text_t rest;
    if (!without_prefix(text, TEXT("ws://"), &rest) && !without_prefix(text, TEXT("wss://"), &rest) &&
        !without_prefix(text, TEXT("http://"), &rest) && !without_prefix(text, TEXT("https://"), &rest))
        return false;
    size_t authority = 0;
    while (authority < rest.length && !strchr("/?", rest.at[authority]))
        authority++;
    return authority_valid((text_t){rest.at, authority}) && visible_ascii(rest) && !memchr(rest.at, '#', rest.length);
}

static bool range_valid(text_t text)
{
    network_range_t range;
    return network_range_read(text, &range);
}

static bool origin_valid(text_t text)
{
    if (text_equal(text, TEXT("null")))
        return true;
    const char *mark = memmem(text.at, text.length, "://", 3);
    if (!mark || mark == text.at || !islower((unsigned char)text.at[0]))
        return false;
    for (const char *at = text.at; at < mark; at++)
        if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && !strchr("+-.", *at))
            return false;
    return authority_valid((text_t){mark + 3, (size_t)(text.at + text.length - mark - 3)});
}

static bool store_valid(text_t text)
{
    text_t rest;
    if (text_equal(text, TEXT("memory:")))
        return true;
    if (without_prefix(text, TEXT("sqlite:///"), &rest))
        return rest.length > 0;
    return (without_prefix(text, TEXT("postgres://"), &rest) || without_prefix(text, TEXT("redis://"), &rest)) &&
           rest.length > 0 && visible_ascii(rest);
}

static bool choice_valid(const char *choices, text_t text)
{
    for (const char *word = choices; *word;) {
        size_t length = strcspn(word, "|");
        if (text_equal(text, (text_t){word, length}))
            return true;
        word += length + (word[length] == '|');
    }
    return false;
}

/* What connectord writes itself is not for a source to offer. */
static bool offer_valid(text_t subject)
{
    text_t channel, key;
    if (!subject_valid(subject) && !subject_is_any(subject))
        return false;
    subject_split(subject, &channel, &key);
    return !channel_reserved(channel);
}

static bool pattern_valid(text_t text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] != '*' && text.at[i] != '.' && !symbol_char(text.at[i]))
            return false;
    }
    return text.length > 0 && text.length <= SUBJECT_MAX;
}

static bool channels_valid(text_t text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (c != '*' && c != '_' && !islower((unsigned char)c) && !isdigit((unsigned char)c))
            return false;
    }
    return text.length > 0 && text.length <= CHANNEL_MAX;
}

static bool json_pointer_valid(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] == '~' && (i + 1 == text.length || (text.at[i + 1] != '0' && text.at[i + 1] != '1')))
            return false;
    return text.length > 1 && text.length <= POINTER_MAX && text.at[0] == '/';
}

static bool is_web(text_t text)
{
    text_t rest;
    return without_prefix(text, TEXT("http://"), &rest) || without_prefix(text, TEXT("https://"), &rest);
}

/* http:// is for a helper on the same machine. */
static bool keys_valid(text_t text)
{
    static const char *const here[] = {"127.0.0.1", "[::1]", "localhost"};
    text_t rest, behind;
    if (!is_web(text))
        return !memmem(text.at, text.length, "://", 3);
    if (!without_prefix(text, TEXT("http://"), &rest))
        return url_valid(text);
    for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
        if (without_prefix(rest, text_of(here[i]), &behind) && (behind.length == 0 || strchr(":/?", behind.at[0])))
            return url_valid(text);
    }
    return false;
}

bool text_format_matches(text_format_t format, const char *choices, text_t text)
{
    if (!any_valid(text))
        return false;
    switch (format) {
    case FORMAT_ANY:
    case FORMAT_PATH:
        return true;
    case FORMAT_CHOICE:
        return choice_valid(choices, text);
    case FORMAT_ADDRESS:
        return address_valid(text);
    case FORMAT_ENDPOINT:
    case FORMAT_BIND:
        return endpoint_valid(text, format == FORMAT_BIND);
    case FORMAT_URL:
        return url_valid(text);
    case FORMAT_ORIGIN:
        return text_equal(text, TEXT("*")) || origin_valid(text);
    case FORMAT_HOST:
        return text_equal(text, TEXT("*")) || host_valid(text);
    case FORMAT_NETWORK:
        return network_valid(text);
    case FORMAT_RANGE:
        return range_valid(text);
    case FORMAT_SOURCE:
        return source_valid(text);
    case FORMAT_SYMBOL:
        return offer_valid(text);
    case FORMAT_CHANNEL:
        return channel_valid(text) && !channel_reserved(text);
    case FORMAT_PATTERN:
        return pattern_valid(text);
    case FORMAT_CHANNELS:
        return channels_valid(text);
    case FORMAT_POINTER:
        return json_pointer_valid(text);
    case FORMAT_KEYS:
        return keys_valid(text);
    case FORMAT_STORE:
        return store_valid(text);
    }
    return false;
}

void text_format_describe(text_format_t format, const char *choices, buffer_t *out)
{
    static const char *const names[] = {
        [FORMAT_ANY] = "text without control characters",
        [FORMAT_PATH] = "a path",
        [FORMAT_CHOICE] = "one of ",
        [FORMAT_ADDRESS] = "HOST:PORT",
        [FORMAT_ENDPOINT] = "tcp://HOST:PORT or ipc://PATH of at most 107 bytes",
        [FORMAT_BIND] = "tcp://HOST:PORT, tcp://*:PORT or ipc://PATH of at most 107 bytes",
        [FORMAT_URL] = "a ws://, wss://, http:// or https:// URL",
        [FORMAT_ORIGIN] = "SCHEME://HOST[:PORT] or *",
        [FORMAT_HOST] = "a host's name without a port, or *",
        [FORMAT_NETWORK] = "local, any, an IP address or ADDRESS/BITS",
        [FORMAT_RANGE] = "an IP address or ADDRESS/BITS",
        [FORMAT_SOURCE] = "a name without spaces, quotes and backslashes",
        [FORMAT_SYMBOL] = "a symbol such as BTC-USD, or a channel and a key such as readings.sensor-7 (not coverage)",
        [FORMAT_CHANNEL] = "a channel's name of small letters, digits and _ (not coverage)",
        [FORMAT_PATTERN] = "a symbol in which * stands for any characters",
        [FORMAT_CHANNELS] = "a channel's name in which * stands for any characters",
        [FORMAT_POINTER] = "a JSON Pointer such as /role, of at most 256 bytes",
        [FORMAT_KEYS] = "a path, an https:// URL, or an http:// URL of 127.0.0.1, [::1] or localhost",
        [FORMAT_STORE] = "memory:, sqlite:///PATH, postgres://… or redis://…",
    };
    buffer_append(out, text_of(names[format]));
    if (format != FORMAT_CHOICE)
        return;
    for (const char *at = choices; *at; at++)
        buffer_append(out, *at == '|' ? TEXT(", ") : (text_t){at, 1});
}

/* What endpoints are made of. Any other part of a path may be a key. */
static bool is_usual(text_t part)
{
    static const char words[] =
        "ws|wss|api|stream|streams|realtime|public|spot|market|markets|trade|trades|feed|mercury-gateway";
    bool version = part.length >= 2 && part.length <= 3 && part.at[0] == 'v' && part.at[1] >= '0' && part.at[1] <= '9';
    return part.length == 0 || version || choice_valid(words, part);
}

static void append_path(text_t path, buffer_t *out)
{
    while (path.length > 0) {
        const char *slash = memchr(path.at, '/', path.length);
        text_t part = {path.at, slash ? (size_t)(slash - path.at) : path.length};
        buffer_append(out, is_usual(part) ? part : TEXT("***"));
        if (slash)
            buffer_append(out, TEXT("/"));
        size_t taken = part.length + (slash != NULL);
        path = (text_t){path.at + taken, path.length - taken};
    }
}

/* What is behind the scheme and the credentials: HOST[:PORT][/PATH][?QUERY]. */
static void append_masked_rest(text_format_t format, text_t rest, buffer_t *out)
{
    const char *query = rest.length > 0 ? memchr(rest.at, '?', rest.length) : NULL;
    text_t place = {rest.at, query ? (size_t)(query - rest.at) : rest.length};
    const char *slash = place.length > 0 ? memchr(place.at, '/', place.length) : NULL;
    size_t host = slash && format == FORMAT_URL ? (size_t)(slash - place.at) : place.length;
    buffer_append(out, (text_t){place.at, host});
    append_path((text_t){place.at + host, place.length - host}, out);
    if (query)
        buffer_append(out, TEXT("?***"));
}

void text_format_append_masked(text_format_t format, text_t text, buffer_t *out)
{
    if (format == FORMAT_KEYS && is_web(text))
        format = FORMAT_URL;
    bool credentials = (format == FORMAT_URL || format == FORMAT_STORE) && !text_starts_with(text, TEXT("sqlite:"));
    if (!credentials || text.length == 0) {
        buffer_append(out, text);
        return;
    }
    const char *end = text.at + text.length;
    const char *colon = memchr(text.at, ':', text.length);
    const char *scheme = colon && end - colon >= 3 && memcmp(colon, "://", 3) == 0 ? colon : NULL;
    const char *at_sign = memrchr(text.at, '@', text.length);
    const char *query = memchr(text.at, '?', text.length);
    /* No "://" ("postgres:/user:…@host"): from the first colon on; rather too much is hidden than too little. */
    const char *limit = at_sign ? at_sign : end;
    const char *open = scheme && scheme + 3 <= limit ? scheme + 3 : at_sign && colon && colon < at_sign ? colon + 1 : text.at;
    buffer_append(out, (text_t){text.at, (size_t)(open - text.at)});
    if (at_sign && query && query < at_sign) { /* of a query, or of a password: which of them nobody can tell */
        buffer_append(out, TEXT("***"));
        return;
    }
    if (at_sign)
        buffer_append(out, TEXT("***"));
    const char *rest = at_sign ? at_sign : open;
    append_masked_rest(format, (text_t){rest, (size_t)(end - rest)}, out);
}
