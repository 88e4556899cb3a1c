#include "common/net/address_group.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { PREFIX_BYTES = 8 /* a /64 */, MAPPED_AT = 12 /* in ::ffff:a.b.c.d */ };

static text_t keep(const void *bytes, size_t length, char room[static ADDRESS_GROUP_MAX])
{
    memcpy(room, bytes, length);
    return (text_t){room, length};
}

static text_t group_of_v6(const struct in6_addr *address, char room[static ADDRESS_GROUP_MAX])
{
    if (IN6_IS_ADDR_V4MAPPED(address))
        return keep(address->s6_addr + MAPPED_AT, sizeof(struct in_addr), room);
    return keep(address->s6_addr, PREFIX_BYTES, room);
}

static text_t group_of(const struct sockaddr *address, char room[static ADDRESS_GROUP_MAX])
{
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } copy;
    if (address->sa_family == AF_INET) {
        memcpy(&copy.v4, address, sizeof copy.v4);
        return keep(&copy.v4.sin_addr, sizeof copy.v4.sin_addr, room);
    }
    if (address->sa_family != AF_INET6)
        return TEXT("");
    memcpy(&copy.v6, address, sizeof copy.v6);
    return group_of_v6(&copy.v6.sin6_addr, room);
}

text_t address_group_of_text(text_t address, char room[static ADDRESS_GROUP_MAX])
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    if (address.length == 0 || address.length >= sizeof text)
        return TEXT("");
    memcpy(text, address.at, address.length);
    text[address.length] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1)
        return keep(&v4, sizeof v4, room);
    return inet_pton(AF_INET6, text, &v6) == 1 ? group_of_v6(&v6, room) : TEXT("");
}

text_t address_group_of_peer(int fd, char room[static ADDRESS_GROUP_MAX])
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &length) == -1)
        return TEXT("");
    return group_of((const struct sockaddr *)&peer, room);
}
