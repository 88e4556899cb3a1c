/* The header with which a proxy begins a connection: no part of it is taken for a whole one or for another, what follows the part that is looked at changes
 * nothing, and its length is within the limit. */
#include "common/proxy/proxy_header.h"
#include "tests/fuzz/fuzz.h"

static bool same(const proxy_header_t *a, const proxy_header_t *b)
{
    return a->length == b->length && a->client.length == b->client.length &&
           memcmp(a->client.bytes, b->client.bytes, a->client.length) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    proxy_header_t header, part;
    text_t bytes = {(const char *)data, size};
    proxy_header_result_t result = proxy_header_read(&header, bytes);
    if (result == PROXY_HEADER_WHOLE) {
        require(header.length >= PROXY_HEADER_FIXED && header.length <= PROXY_HEADER_MAX);
        require(header.client.length == 0 || header.client.length == 4 || header.client.length == 16);
        require(proxy_header_read(&part, text_cut(bytes, PROXY_HEADER_READ)) == PROXY_HEADER_WHOLE && same(&header, &part));
    }
    for (size_t length = 0; length < size && length < PROXY_HEADER_READ; length++) {
        proxy_header_result_t shorter = proxy_header_read(&part, text_cut(bytes, length));
        require(result == PROXY_HEADER_WRONG || shorter != PROXY_HEADER_WRONG);
        require(shorter != PROXY_HEADER_WHOLE || (result == PROXY_HEADER_WHOLE && same(&header, &part)));
        require(shorter != PROXY_HEADER_WRONG || result == PROXY_HEADER_WRONG);
    }
    require(result != PROXY_HEADER_PARTIAL || size < PROXY_HEADER_READ);
    return 0;
}
