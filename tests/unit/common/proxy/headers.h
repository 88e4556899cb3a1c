/* PROXY headers to test with. */
#pragma once

#include "common/proxy/proxy_header.h"
#include "tests/unit/run_tests.h"

#include <arpa/inet.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TCP4      SIGNATURE "\x21\x11\0\x0c\xc0\0\2\7\x7f\0\0\1\x1f\x90\0\x50" /* from 192.0.2.7 */
#define TO_TCP6   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x1f\x90\0\x50"
#define TCP6      SIGNATURE "\x21\x21\0\x24\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7" TO_TCP6 /* from 2001:db8::7 */
#define MAPPED    SIGNATURE "\x21\x21\0\x24\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\7" TO_TCP6
#define LOCAL     SIGNATURE "\x20\0\0\0"
#define WITH_TLVS SIGNATURE "\x21\x11\0\x13\xc0\0\2\7\x7f\0\0\1\x1f\x90\0\x50\4\0\4abcd"

static inline void check_client(const ip_address_t *client, const char *expected)
{
    char room[IP_ADDRESS_MAX];
    text_t text = ip_address_print(client, room);
    ck_assert_msg(text_equal(text, text_of(expected)), "expected %s, found %s", expected, room);
}
