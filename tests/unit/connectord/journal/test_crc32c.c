#include "connectord/journal/crc32c.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>
#include <string.h>

typedef uint32_t crc_fn(uint32_t crc, const void *bytes, size_t length);

static crc_fn *const implementations[] = {crc32c, crc32c_portable};

/* RFC 3720, B.4; its CRCs are printed byte by byte, the lowest first. */
START_TEST(vectors_of_the_rfc_are_met)
{
    crc_fn *crc = implementations[_i];
    uint8_t bytes[32];
    memset(bytes, 0, sizeof bytes);
    ck_assert_uint_eq(crc(0, bytes, sizeof bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    ck_assert_uint_eq(crc(0, bytes, sizeof bytes), 0x62a8ab43);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    ck_assert_uint_eq(crc(0, bytes, sizeof bytes), 0x46dd794e);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(31 - i);
    ck_assert_uint_eq(crc(0, bytes, sizeof bytes), 0x113fdb5c);
    static const uint8_t iscsi_read[48] = {
        0x01, 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02};
    ck_assert_uint_eq(crc(0, iscsi_read, sizeof iscsi_read), 0xd9963a56);
}
END_TEST

START_TEST(nothing_has_the_checksum_zero)
{
    ck_assert_uint_eq(implementations[_i](0, "", 0), 0);
}
END_TEST

START_TEST(pieces_give_what_the_whole_gives)
{
    crc_fn *crc = implementations[_i];
    const char *text = "trade.BTC-USD.blockchain and some more of it";
    size_t length = strlen(text);
    for (size_t cut = 0; cut <= length; cut++)
        ck_assert_uint_eq(crc(crc(0, text, cut), text + cut, length - cut), crc(0, text, length));
}
END_TEST

START_TEST(both_agree_at_every_length_and_alignment)
{
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 151 + 7);
    for (size_t from = 0; from < 9; from++)
        for (size_t length = 0; from + length <= sizeof bytes; length++)
            ck_assert_uint_eq(crc32c(5, bytes + from, length), crc32c_portable(5, bytes + from, length));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("crc32c");
    tcase_add_loop_test(tests, vectors_of_the_rfc_are_met, 0, 2);
    tcase_add_loop_test(tests, nothing_has_the_checksum_zero, 0, 2);
    tcase_add_loop_test(tests, pieces_give_what_the_whole_gives, 0, 2);
    tcase_add_test(tests, both_agree_at_every_length_and_alignment);
    return RUN_TESTS("crc32c", tests);
}
