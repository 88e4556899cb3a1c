#include "common/net/address_group.h"

enum { PREFIX_BYTES = 8 /* a /64 */ };

text_t address_group_of(const ip_address_t *address, char room[static ADDRESS_GROUP_MAX])
{
    size_t length = address->length < PREFIX_BYTES ? address->length : PREFIX_BYTES;
    memcpy(room, address->bytes, length);
    return (text_t){room, length};
}

text_t address_group_of_text(text_t text, char room[static ADDRESS_GROUP_MAX])
{
    ip_address_t address;
    return ip_address_read(text, &address) ? address_group_of(&address, room) : TEXT("");
}
