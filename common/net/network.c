#include "common/net/network.h"

#include "common/clock.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { BITS_IPV4 = 32, BITS_IPV6 = 128, MAPPED = 12 /* bytes before the IPv4 address in ::ffff:a.b.c.d */ };

/* 4 or 16 bytes; 0: not an address. */
typedef struct {
    unsigned char bytes[16];
    size_t length;
} ip_address_t;

typedef struct {
    ip_address_t address;
    size_t bits; /* of it that count */
} range_t;

static ip_address_t address_of_bytes(const void *bytes, size_t length)
{
    static const unsigned char mapped[MAPPED] = {[10] = 0xff, [11] = 0xff};
    ip_address_t address = {.length = length};
    if (length == sizeof(struct in6_addr) && memcmp(bytes, mapped, MAPPED) == 0)
        return address_of_bytes((const char *)bytes + MAPPED, sizeof(struct in_addr));
    memcpy(address.bytes, bytes, length);
    return address;
}

static ip_address_t address_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return address_of_bytes(&in.sin_addr, sizeof in.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return address_of_bytes(&in6.sin6_addr, sizeof in6.sin6_addr);
    }
    return (ip_address_t){0};
}

static bool parse_address(text_t text, ip_address_t *address)
{
    char string[INET6_ADDRSTRLEN];
    struct in_addr in;
    struct in6_addr in6;
    if (text.length == 0 || text.length >= sizeof string)
        return false;
    memcpy(string, text.at, text.length);
    string[text.length] = '\0';
    if (inet_pton(AF_INET, string, &in) == 1)
        *address = address_of_bytes(&in, sizeof in);
    else if (inet_pton(AF_INET6, string, &in6) == 1)
        *address = address_of_bytes(&in6, sizeof in6);
    else
        return false;
    return true;
}

static bool parse_range(text_t text, range_t *range)
{
    const char *slash = text.length ? memchr(text.at, '/', text.length) : NULL;
    text_t address = {text.at, slash ? (size_t)(slash - text.at) : text.length};
    if (!parse_address(address, &range->address))
        return false;
    uint64_t all = range->address.length == sizeof(struct in_addr) ? BITS_IPV4 : BITS_IPV6, bits = all;
    if (slash && (!text_to_u64((text_t){slash + 1, text.length - address.length - 1}, &bits) || bits > all))
        return false;
    range->bits = bits;
    return true;
}

static bool within(const range_t *range, const ip_address_t *address)
{
    size_t whole = range->bits / 8, rest = range->bits % 8;
    if (range->address.length != address->length || memcmp(range->address.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || (range->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

static bool is_loopback(const ip_address_t *address)
{
    static const range_t ipv4 = {{{127}, 4}, 8}, ipv6 = {{{[15] = 1}, 16}, BITS_IPV6};
    return address->length == 0 || within(&ipv4, address) || within(&ipv6, address);
}

/* Of the machine's interfaces; asked for once a second at most: whoever is refused may come again and again. */
static const struct ifaddrs *interfaces(void)
{
    static struct ifaddrs *found;
    static int64_t found_ns;
    int64_t now_ns = clock_mono_ns();
    struct ifaddrs *fresh;
    if ((!found || now_ns - found_ns > NS_PER_S) && getifaddrs(&fresh) == 0) {
        if (found)
            freeifaddrs(found);
        found = fresh;
        found_ns = now_ns;
    }
    return found;
}

static bool has_address(const ip_address_t *address)
{
    for (const struct ifaddrs *each = interfaces(); each; each = each->ifa_next) {
        ip_address_t own = each->ifa_addr ? address_of(each->ifa_addr) : (ip_address_t){0};
        if (own.length == address->length && memcmp(own.bytes, address->bytes, own.length) == 0)
            return true;
    }
    return false;
}

static bool is_local(const ip_address_t *address)
{
    return is_loopback(address) || has_address(address);
}

bool network_valid(text_t text)
{
    range_t range;
    return text_equal(text, TEXT("local")) || text_equal(text, TEXT("any")) || parse_range(text, &range);
}

bool network_admits(const char *const *networks, size_t count, const struct sockaddr_storage *address)
{
    ip_address_t peer = address_of((const struct sockaddr *)address);
    for (size_t i = 0; i < count; i++) {
        range_t range;
        if (strcmp(networks[i], "any") == 0)
            return true;
        if (strcmp(networks[i], "local") == 0 ? is_local(&peer)
                                              : parse_range(text_of(networks[i]), &range) && within(&range, &peer))
            return true;
    }
    return false;
}

struct sockaddr_storage network_address(text_t text)
{
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    const char *zone = text.length ? memchr(text.at, '%', text.length) : NULL;
    ip_address_t parsed;
    if (!parse_address((text_t){text.at, zone ? (size_t)(zone - text.at) : text.length}, &parsed))
        return address;
    if (parsed.length == sizeof(struct in_addr)) {
        struct sockaddr_in in = {.sin_family = AF_INET};
        memcpy(&in.sin_addr, parsed.bytes, parsed.length);
        memcpy(&address, &in, sizeof in);
    } else {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
        memcpy(&in6.sin6_addr, parsed.bytes, parsed.length);
        memcpy(&address, &in6, sizeof in6);
    }
    return address;
}

void network_print(const struct sockaddr_storage *address, char out[static NETWORK_ADDRESS_MAX])
{
    ip_address_t peer = address_of((const struct sockaddr *)address);
    if (peer.length == 0)
        snprintf(out, NETWORK_ADDRESS_MAX, "local");
    else
        inet_ntop(peer.length == sizeof(struct in_addr) ? AF_INET : AF_INET6, peer.bytes, out, NETWORK_ADDRESS_MAX);
}
