#include "common/net/network.h"

#include "common/clock.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { BITS_IPV4 = 32, BITS_IPV6 = 128 };

bool network_range_read(text_t text, network_range_t *self)
{
    const char *slash = text.length ? memchr(text.at, '/', text.length) : NULL;
    text_t address = {text.at, slash ? (size_t)(slash - text.at) : text.length};
    if (!ip_address_read(address, &self->address))
        return false;
    uint64_t all = self->address.length == sizeof(struct in_addr) ? BITS_IPV4 : BITS_IPV6, bits = all;
    if (slash && (!text_to_u64((text_t){slash + 1, text.length - address.length - 1}, &bits) || bits > all))
        return false;
    self->bits = (uint8_t)bits;
    return true;
}

bool network_range_has(const network_range_t *self, const ip_address_t *address)
{
    size_t whole = self->bits / 8, rest = self->bits % 8;
    if (self->address.length != address->length || memcmp(self->address.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || (self->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

static bool is_loopback(const ip_address_t *address)
{
    static const network_range_t ipv4 = {{{127}, 4}, 8}, ipv6 = {{{[15] = 1}, 16}, BITS_IPV6};
    return address->length == 0 || network_range_has(&ipv4, address) || network_range_has(&ipv6, address);
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
        ip_address_t own = each->ifa_addr ? ip_address_of(each->ifa_addr) : (ip_address_t){0};
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
    network_range_t range;
    return text_equal(text, TEXT("local")) || text_equal(text, TEXT("any")) || network_range_read(text, &range);
}

bool network_admits(const char *const *networks, size_t count, const struct sockaddr_storage *address)
{
    ip_address_t peer = ip_address_of((const struct sockaddr *)address);
    for (size_t i = 0; i < count; i++) {
        network_range_t range;
        if (strcmp(networks[i], "any") == 0)
            return true;
        if (strcmp(networks[i], "local") == 0
                ? is_local(&peer)
                : network_range_read(text_of(networks[i]), &range) && network_range_has(&range, &peer))
            return true;
    }
    return false;
}

struct sockaddr_storage network_address(text_t text)
{
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    const char *zone = text.length ? memchr(text.at, '%', text.length) : NULL;
    ip_address_t parsed;
    if (!ip_address_read((text_t){text.at, zone ? (size_t)(zone - text.at) : text.length}, &parsed))
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
    ip_address_t peer = ip_address_of((const struct sockaddr *)address);
    if (peer.length == 0)
        snprintf(out, NETWORK_ADDRESS_MAX, "local");
    else
        ip_address_print(&peer, out);
}
