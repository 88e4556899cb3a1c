#include "common/http/authority.h"

#include <arpa/inet.h>
#include <strings.h>

enum { PORT_MAX = 65535, PORT_DIGITS = 5 };

static bool read_port(text_t digits, uint16_t *port)
{
    uint64_t number;
    if (digits.length > PORT_DIGITS || !text_to_u64(digits, &number) || number == 0 || number > PORT_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* The address between brackets; a zone is of this machine, and no part of it. */
static bool is_v6(text_t inside)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    const char *zone = inside.length ? memchr(inside.at, '%', inside.length) : NULL;
    size_t length = zone ? (size_t)(zone - inside.at) : inside.length;
    if (length == 0 || length >= sizeof text)
        return false;
    memcpy(text, inside.at, length);
    text[length] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_v4(text_t host)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    if (host.length >= sizeof text)
        return false;
    memcpy(text, host.at, host.length);
    text[host.length] = '\0';
    return inet_pton(AF_INET, text, &address) == 1;
}

static size_t host_length(text_t text)
{
    const char *end = text.length > 0 ? memchr(text.at, text.at[0] == '[' ? ']' : ':', text.length) : NULL;
    if (!end)
        return text.length;
    return (size_t)(end - text.at) + (*end == ']');
}

bool authority_parse(text_t text, authority_t *self)
{
    size_t length = host_length(text);
    text_t host = {text.at, length}, rest = {text.at + length, text.length - length};
    self->port = 0;
    if (rest.length > 0 && (rest.at[0] != ':' || !read_port((text_t){rest.at + 1, rest.length - 1}, &self->port)))
        return false;
    if (host.length > 0 && host.at[0] == '[' && (host.at[length - 1] != ']' || !is_v6((text_t){host.at + 1, length - 2})))
        return false;
    if (host.length > 1 && host.at[host.length - 1] == '.')
        host.length--;
    self->host = host;
    return host.length > 0;
}

bool authority_is_address(const authority_t *self)
{
    return self->host.at[0] == '[' || is_v4(self->host);
}

bool authority_same_host(const authority_t *a, const authority_t *b)
{
    return a->host.length == b->host.length && strncasecmp(a->host.at, b->host.at, a->host.length) == 0;
}
