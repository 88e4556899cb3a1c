#include "common/text.h"

#include <sys/random.h>
#include <time.h>

/* SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"; the variant that Rust and Python use for tables). */
typedef struct {
    uint64_t v0, v1, v2, v3;
} sip_t;

/* Drawn once, before main: who sends keys can't know which of them collide. */
static uint64_t hash_key[2];

__attribute__((constructor)) static void hash_key_draw(void)
{
    if (getrandom(hash_key, sizeof hash_key, GRND_NONBLOCK) == (ssize_t)sizeof hash_key)
        return;
    struct timespec now; /* a system without entropy yet: still different at each start */
    clock_gettime(CLOCK_REALTIME, &now);
    hash_key[0] = (uint64_t)now.tv_nsec * UINT64_C(0x9e3779b97f4a7c15);
    hash_key[1] = (uint64_t)now.tv_sec ^ (uint64_t)(uintptr_t)&now;
}

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static inline void sip_round(sip_t *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static inline void sip_word(sip_t *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

bool text_to_u64(text_t text, uint64_t *value)
{
    if (text.length < 1 || text.length > 20)
        return false;
    uint64_t result = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned digit = (unsigned char)text.at[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(result, 10, &result) || __builtin_add_overflow(result, digit, &result))
            return false;
    }
    *value = result;
    return true;
}

static size_t digits_of(uint64_t value)
{
    size_t digits = 1;
    for (; value >= 10000; value /= 10000)
        digits += 4;
    return digits + (value >= 10) + (value >= 100) + (value >= 1000);
}

size_t text_from_u64(char out[static 20], uint64_t value)
{
    size_t length = digits_of(value), at = length;
    for (; at > 2; value /= 100)
        text_put_2(out + (at -= 2), (unsigned)(value % 100));
    if (at == 2)
        text_put_2(out, (unsigned)value);
    else
        out[0] = (char)('0' + value);
    return length;
}

/* RFC 3629, section 4: only the second byte's range depends on the first. */
size_t text_utf8_char(text_t text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    if (text.length == 0)
        return 0;
    unsigned first = at[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xc2 && first <= 0xdf ? 2 : (first & 0xf0) == 0xe0 ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
    if (length == 0 || text.length < length)
        return 0;
    unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

/* Of most texts most is ASCII: eight bytes at a time. */
size_t text_utf8_prefix(text_t text)
{
    static const uint64_t beyond_ascii = UINT64_C(0x8080808080808080);
    size_t at = 0;
    for (size_t n; at < text.length; at += n) {
        uint64_t eight = beyond_ascii;
        if (text.length - at >= sizeof eight)
            memcpy(&eight, text.at + at, sizeof eight);
        n = eight & beyond_ascii ? text_utf8_char((text_t){text.at + at, text.length - at}) : sizeof eight;
        if (n == 0)
            break;
    }
    return at;
}

bool text_is_utf8(text_t text)
{
    return text_utf8_prefix(text) == text.length;
}

/* The first two bytes decide; any third and fourth ones would do. */
bool text_utf8_begins(text_t text)
{
    char whole[4] = {0, (char)0x80, (char)0x80, (char)0x80};
    if (text.length == 0 || text.length >= sizeof whole)
        return false;
    memcpy(whole, text.at, text.length);
    if (text.length == 1)
        return (unsigned char)whole[0] >= 0xc2 && (unsigned char)whole[0] <= 0xf4;
    return text_utf8_char((text_t){whole, sizeof whole}) > text.length;
}

uint64_t text_hash(text_t text)
{
    sip_t s = {hash_key[0] ^ UINT64_C(0x736f6d6570736575), hash_key[1] ^ UINT64_C(0x646f72616e646f6d),
               hash_key[0] ^ UINT64_C(0x6c7967656e657261), hash_key[1] ^ UINT64_C(0x7465646279746573)};
    uint64_t last = (uint64_t)text.length << 56;
    size_t whole = text.length & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word;
        memcpy(&word, text.at + i, sizeof word);
        sip_word(&s, word);
    }
    for (size_t i = whole; i < text.length; i++)
        last |= (uint64_t)(unsigned char)text.at[i] << 8 * (i - whole);
    sip_word(&s, last);
    s.v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
