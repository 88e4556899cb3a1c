#include "common/net/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { MAPPED = 12 /* bytes before the IPv4 address in ::ffff:a.b.c.d */ };

ip_address_t ip_address_of_bytes(const void *bytes, size_t length)
{
    static const unsigned char mapped[MAPPED] = {[10] = 0xff, [11] = 0xff};
    ip_address_t address = {.length = (uint8_t)length};
    if (length == sizeof(struct in6_addr) && memcmp(bytes, mapped, MAPPED) == 0)
        return ip_address_of_bytes((const char *)bytes + MAPPED, sizeof(struct in_addr));
    memcpy(address.bytes, bytes, length);
    return address;
}

ip_address_t ip_address_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return ip_address_of_bytes(&in.sin_addr, sizeof in.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return ip_address_of_bytes(&in6.sin6_addr, sizeof in6.sin6_addr);
    }
    return (ip_address_t){.length = 0};
}

ip_address_t ip_address_of_peer(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } peer = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t length = sizeof peer;
    if (getpeername(fd, &peer.any, &length) == -1)
        return (ip_address_t){.length = 0};
    return ip_address_of(&peer.any);
}

bool ip_address_read(text_t text, ip_address_t *self)
{
    char string[INET6_ADDRSTRLEN];
    struct in_addr in;
    struct in6_addr in6;
    if (text.length == 0 || text.length >= sizeof string || memchr(text.at, '\0', text.length))
        return false;
    memcpy(string, text.at, text.length);
    string[text.length] = '\0';
    if (inet_pton(AF_INET, string, &in) == 1)
        *self = ip_address_of_bytes(&in, sizeof in);
    else if (inet_pton(AF_INET6, string, &in6) == 1)
        *self = ip_address_of_bytes(&in6, sizeof in6);
    else
        return false;
    return true;
}

text_t ip_address_print(const ip_address_t *self, char room[static IP_ADDRESS_MAX])
{
    int family = self->length == sizeof(struct in_addr) ? AF_INET : AF_INET6;
    if (self->length == 0 || !inet_ntop(family, self->bytes, room, IP_ADDRESS_MAX))
        memcpy(room, "?", sizeof "?");
    return text_of(room);
}
