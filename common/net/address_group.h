/* Whose address is it? What limits and counts "by address" treat as one: one IPv4 address, or the /64 of an IPv6 one, of which one customer
 * has all 2^64. An IPv4 address within IPv6 (::ffff:10.0.0.1) is the IPv4 address.
 */
#pragma once

#include "common/net/ip_address.h"

enum { ADDRESS_GROUP_MAX = 8 /* bytes */ };

/* The bytes of the group of an address, in `room`; an empty slice for no address. */
text_t address_group_of(const ip_address_t *address, char room[static ADDRESS_GROUP_MAX]);

/* Of an address as text; anything but an IP address is of one group, the empty one. */
text_t address_group_of_text(text_t text, char room[static ADDRESS_GROUP_MAX]);
