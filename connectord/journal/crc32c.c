#include "connectord/journal/crc32c.h"

#include <string.h>

/* The table of all bytes is linear in their bits: each entry is the sum (xor) of the entries of its bits, which are these. */
#define BIT(n, mask, entry) (((n) & (mask)) ? (entry) : 0u)
#define ENTRY(n)                                                                                                               \
    (BIT(n, 1, 0xf26b8303u) ^ BIT(n, 2, 0xe13b70f7u) ^ BIT(n, 4, 0xc79a971fu) ^ BIT(n, 8, 0x8ad958cfu) ^                       \
     BIT(n, 16, 0x105ec76fu) ^ BIT(n, 32, 0x20bd8edeu) ^ BIT(n, 64, 0x417b1dbcu) ^ BIT(n, 128, 0x82f63b78u))
#define ENTRIES_4(n)  ENTRY(n), ENTRY((n) + 1), ENTRY((n) + 2), ENTRY((n) + 3)
#define ENTRIES_16(n) ENTRIES_4(n), ENTRIES_4((n) + 4), ENTRIES_4((n) + 8), ENTRIES_4((n) + 12)
#define ENTRIES_64(n) ENTRIES_16(n), ENTRIES_16((n) + 16), ENTRIES_16((n) + 32), ENTRIES_16((n) + 48)

static const uint32_t table[256] = {ENTRIES_64(0), ENTRIES_64(64), ENTRIES_64(128), ENTRIES_64(192)};

uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < length; i++)
        crc = crc >> 8 ^ table[(crc ^ at[i]) & 0xff];
    return ~crc;
}

#ifdef __x86_64__
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint64_t sum = ~crc;
    for (; length >= 8; at += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        sum = _mm_crc32_u64(sum, word);
    }
    uint32_t rest = (uint32_t)sum;
    for (; length > 0; at++, length--)
        rest = _mm_crc32_u8(rest, *at);
    return ~rest;
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t length)
{
    return __builtin_cpu_supports("sse4.2") ? crc32c_sse42(crc, bytes, length) : crc32c_portable(crc, bytes, length);
}
#else
uint32_t crc32c(uint32_t crc, const void *bytes, size_t length)
{
    return crc32c_portable(crc, bytes, length);
}
#endif
