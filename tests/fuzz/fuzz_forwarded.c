/* What proxies write into a request: the first byte says into which field, the rest is its lines. Whatever a client has written to the left of whom the nearest
 * proxy names changes nothing of who that is, and all that is found is within the line. */
#include "common/proxy/forwarded.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

static void require_within(text_t part, text_t line)
{
    require(part.length == 0 || (part.at >= line.at && part.at + part.length <= line.at + line.length));
}

static bool same(const ip_address_t *a, const ip_address_t *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* As a proxy appends to what it was told; without quotes, which may hide it from Forwarded's rules. */
static void check_appended(text_t line, const proxies_t *proxies)
{
    static const char plain[] = ", 192.0.2.7", standard[] = ", for=192.0.2.7";
    const char *added = proxies->header == PROXIES_FORWARDED ? standard : plain;
    ip_address_t client;
    forwarded_t found = {.proto = TEXT(""), .host = TEXT("")};
    char *longer = malloc(line.length + strlen(added));
    if (!longer || memchr(line.at, '"', line.length)) {
        free(longer);
        return;
    }
    memcpy(longer, line.at, line.length);
    memcpy(longer + line.length, added, strlen(added));
    require(ip_address_read(TEXT("192.0.2.7"), &client));
    require(forwarded_read(&found, (text_t){longer, line.length + strlen(added)}, proxies) == FORWARDED_CLIENT);
    require(same(&found.client, &client));
    free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ranges[] = {"10.0.0.0/8", "2001:db8:a::/48"};
    if (size == 0)
        return 0;
    proxies_t proxies = {.count = 0};
    proxies_set(&proxies, ranges, 2, data[0] & 1 ? PROXIES_FORWARDED : PROXIES_X_FORWARDED);
    text_t rest = {(const char *)data + 1, size - 1};
    forwarded_t found = {.proto = TEXT(""), .host = TEXT("")};
    while (rest.length > 0) {
        text_t line = take_until(&rest, '\n');
        forwarded_result_t result = forwarded_read(&found, line, &proxies);
        require(result != FORWARDED_CLIENT || (found.client.length > 0 && !proxies_have(&proxies, &found.client)));
        if (result == FORWARDED_CLIENT) {
            require_within(found.proto, line);
            require_within(found.host, line);
        }
        check_appended(line, &proxies);
    }
    return 0;
}
