#include "common/proxy/forwarded.h"

#include <strings.h>

enum { PORT_DIGITS = 5 };

/* The last elements of a line. */
typedef struct {
    text_t last[FORWARDED_HOPS_MAX]; /* by their number modulo FORWARDED_HOPS_MAX */
    size_t count;                    /* of all */
} elements_t;

/* --- parts of a line --- */

/* Up to the next `mark` outside of a quoted text, which is taken too. False where a quoted text does not end. */
static bool take_part(text_t *rest, char mark, text_t *part)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->length && (quoted || rest->at[i] != mark); i++) {
        if (quoted && rest->at[i] == '\\')
            i++;
        else if (rest->at[i] == '"')
            quoted = !quoted;
    }
    if (quoted || i > rest->length)
        return false;
    size_t taken = i < rest->length ? i + 1 : i;
    *part = text_trim((text_t){rest->at, i});
    *rest = (text_t){rest->at + taken, rest->length - taken};
    return true;
}

/* In X-Forwarded-For nothing is quoted. */
static void take_plain(text_t *rest, text_t *part)
{
    const char *comma = memchr(rest->at, ',', rest->length);
    size_t length = comma ? (size_t)(comma - rest->at) : rest->length, taken = comma ? length + 1 : length;
    *part = text_trim((text_t){rest->at, length});
    *rest = (text_t){rest->at + taken, rest->length - taken};
}

/* Empty elements of a list count for nothing (RFC 9110, 5.6.1). */
static bool split(elements_t *self, text_t line, proxies_header_t header)
{
    text_t part;
    self->count = 0;
    while (line.length > 0) {
        if (header == PROXIES_X_FORWARDED)
            take_plain(&line, &part);
        else if (!take_part(&line, ',', &part))
            return false;
        if (part.length > 0)
            self->last[self->count++ % FORWARDED_HOPS_MAX] = part;
    }
    return true;
}

/* --- an element --- */

static bool is_port(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return text.length > 0 && text.length <= PORT_DIGITS;
}

/* ADDRESS, V4:PORT, [V6] or [V6]:PORT. Names that hide one (RFC 7239, 6.3) say nothing that could be believed. */
static bool read_node(text_t node, ip_address_t *address)
{
    text_t host = node, port = TEXT("");
    const char *end = NULL;
    if (ip_address_read(node, address))
        return true;
    if (node.length > 0 && node.at[0] == '[') {
        end = memchr(node.at, ']', node.length);
        if (!end)
            return false;
        host = (text_t){node.at + 1, (size_t)(end - node.at) - 1};
        port = (text_t){end + 1, node.length - host.length - 2};
    } else if (node.length > 0 && (end = memchr(node.at, ':', node.length))) {
        host = (text_t){node.at, (size_t)(end - node.at)};
        port = (text_t){end, node.length - host.length};
    }
    bool bare = port.length == 0;
    if (!bare && (port.at[0] != ':' || !is_port((text_t){port.at + 1, port.length - 1})))
        return false;
    return end && ip_address_read(host, address) && (node.at[0] == '[') == (address->length == IP_ADDRESS_BYTES);
}

/* A value, without its quotes. What is escaped in one is no address or name of a host. */
static bool unquote(text_t *value)
{
    bool quoted = value->length > 0 && value->at[0] == '"';
    if (quoted && (value->length < 2 || value->at[value->length - 1] != '"'))
        return false;
    if (quoted)
        *value = (text_t){value->at + 1, value->length - 2};
    return value->length > 0 && !memchr(value->at, '"', value->length) && !memchr(value->at, '\\', value->length);
}

static bool is_named(text_t name, const char *word)
{
    return name.length == strlen(word) && strncasecmp(name.at, word, name.length) == 0;
}

/* One of for=…, proto=…, host=…, and others, which are left alone. Each once. */
static bool read_pair(text_t pair, text_t *node, forwarded_t *hop)
{
    const char *equals = pair.length ? memchr(pair.at, '=', pair.length) : NULL;
    if (!equals)
        return false;
    text_t name = {pair.at, (size_t)(equals - pair.at)}, value = {equals + 1, pair.length - name.length - 1};
    text_t *known = is_named(name, "for")     ? node
                    : is_named(name, "proto") ? &hop->proto
                    : is_named(name, "host")  ? &hop->host
                                              : NULL;
    if (!known)
        return name.length > 0;
    if (known->length > 0 || !unquote(&value))
        return false;
    *known = value;
    return true;
}

static bool read_element(text_t element, proxies_header_t header, forwarded_t *hop)
{
    text_t node = TEXT(""), pair;
    *hop = (forwarded_t){.proto = TEXT(""), .host = TEXT("")};
    if (header == PROXIES_X_FORWARDED)
        return read_node(element, &hop->client);
    while (element.length > 0) {
        if (!take_part(&element, ';', &pair))
            return false;
        if (pair.length > 0 && !read_pair(pair, &node, hop))
            return false;
    }
    return read_node(node, &hop->client);
}

/* --- forwarded.h --- */

forwarded_result_t forwarded_read(forwarded_t *self, text_t line, const proxies_t *proxies)
{
    elements_t elements;
    if (!split(&elements, line, proxies->header))
        return FORWARDED_WRONG;
    for (size_t i = elements.count; i > 0; i--) {
        if (elements.count - i == FORWARDED_HOPS_MAX ||
            !read_element(elements.last[(i - 1) % FORWARDED_HOPS_MAX], proxies->header, self))
            return FORWARDED_WRONG;
        if (!proxies_have(proxies, &self->client))
            return FORWARDED_CLIENT;
    }
    return FORWARDED_PROXIES;
}
