/* Whose address is it? What limits and counts "by address" treat as one: one IPv4 address, or the /64 of an IPv6 one, of which one customer
 * has all 2^64. An IPv4 address within IPv6 (::ffff:10.0.0.1) is the IPv4 address.
 */
#pragma once

#include "common/text.h"

enum { ADDRESS_GROUP_MAX = 8 /* bytes */ };

/* The bytes of the group of an address as text, without brackets, in `room`; an empty slice for anything but an IP address: all of those are one
 * group. */
text_t address_group_of_text(text_t address, char room[static ADDRESS_GROUP_MAX]);

/* Of the peer of a socket. */
text_t address_group_of_peer(int fd, char room[static ADDRESS_GROUP_MAX]);
