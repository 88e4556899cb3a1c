/* Hashes of a few words, for use within one process only: neither keyed nor stable across versions. text.h has the one for
 * text from outside. */
#pragma once

#include <stdint.h>

/* Adds a word to the hash: the product's two halves, folded, as in wyhash (github.com/wangyi-fudan/wyhash). */
static inline uint64_t hash_mix(uint64_t hash, uint64_t word)
{
    __extension__ typedef unsigned __int128 product_t;
    product_t product = (product_t)(hash ^ UINT64_C(0xa0761d6478bd642f)) * (word ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}
