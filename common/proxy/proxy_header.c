#include "common/proxy/proxy_header.h"

enum {
    SIGNATURE_BYTES = 12,
    COMMAND_AT = SIGNATURE_BYTES,
    FAMILY_AT,
    LENGTH_AT,
    LOCAL = 0x20, /* version 2 in the upper half */
    PROXY = 0x21,
    UNTOLD = 0x00, /* family and transport */
    TCP4 = 0x11,
    TCP6 = 0x21,
    UNIX_STREAM = 0x31
};

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";

/* Bytes of one address of that family over TCP; -1: another family or transport. */
static int address_bytes(unsigned char family)
{
    switch (family) {
    case UNTOLD:
    case UNIX_STREAM:
        return 0;
    case TCP4:
        return 4;
    case TCP6:
        return 16;
    default:
        return -1;
    }
}

/* Of the fixed part, as far as it is there. */
static bool begins_well(text_t bytes)
{
    unsigned char command = bytes.length > COMMAND_AT ? (unsigned char)bytes.at[COMMAND_AT] : PROXY;
    unsigned char family = bytes.length > FAMILY_AT ? (unsigned char)bytes.at[FAMILY_AT] : UNTOLD;
    size_t length = bytes.length < SIGNATURE_BYTES ? bytes.length : SIGNATURE_BYTES;
    if (length > 0 && memcmp(bytes.at, signature, length) != 0)
        return false;
    return command == LOCAL || (command == PROXY && address_bytes(family) >= 0);
}

proxy_header_result_t proxy_header_read(proxy_header_t *self, text_t bytes)
{
    *self = (proxy_header_t){.length = 0};
    if (!begins_well(bytes))
        return PROXY_HEADER_WRONG;
    if (bytes.length < PROXY_HEADER_FIXED)
        return PROXY_HEADER_PARTIAL;
    const unsigned char *at = (const unsigned char *)bytes.at;
    size_t length = (size_t)at[LENGTH_AT] << 8 | at[LENGTH_AT + 1];
    size_t address = at[COMMAND_AT] == LOCAL ? 0 : (size_t)address_bytes(at[FAMILY_AT]);
    size_t ports = address > 0 ? 4 : 0;
    self->length = PROXY_HEADER_FIXED + length;
    if (self->length > PROXY_HEADER_MAX || length < 2 * address + ports)
        return PROXY_HEADER_WRONG;
    if (bytes.length < PROXY_HEADER_FIXED + 2 * address)
        return PROXY_HEADER_PARTIAL;
    if (address > 0)
        self->client = ip_address_of_bytes(at + PROXY_HEADER_FIXED, address);
    return PROXY_HEADER_WHOLE;
}
