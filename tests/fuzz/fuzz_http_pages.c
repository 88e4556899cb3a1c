/* What a source that is polled says of its pages, whatever it is: the `http` of a definition in the first line, an ETag in
 * the second, and a body in the rest. Every URL that is asked is a valid one, and of the source's own origin. */
#include "common/http_client/http_url.h"
#include "connectord/http/http_pages.h"
#include "tests/fuzz/fuzz.h"

static const char base[] = "https://source.example/trades?x=1";

static void check_url(const http_pages_t *pages)
{
    const char *wrong;
    require(http_url_valid(http_pages_url(pages), &wrong));
    require(http_url_same_origin(http_pages_url(pages), base));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[MAPPING_ERROR_MAX] = "", wrong[HTTP_PAGES_ERROR_MAX] = "";
    text_t rest = {(const char *)data, size}, json = take_until(&rest, '\n'), etag = take_until(&rest, '\n');
    http_protocol_t *protocol = http_protocol_new(json, error);
    http_pages_t pages;
    if (!protocol) {
        require(strncmp(error, "http", 4) == 0);
        return 0;
    }
    require(http_pages_init(&pages, protocol, text_of(base)));
    for (int i = 0; i < 3; i++) {
        require(http_pages_first(&pages, protocol->since == HTTP_SINCE_NOTHING ? TEXT("") : etag));
        check_url(&pages);
        http_pages_result_t result = http_pages_read(&pages, rest, etag, TEXT(""), wrong);
        require(result != HTTP_PAGES_BAD || wrong[0] != '\0');
        check_url(&pages);
        require(result != HTTP_PAGES_MORE || pages.page == 1);
        http_pages_unchanged(&pages);
        check_url(&pages);
    }
    http_pages_release(&pages);
    http_protocol_destroy(&protocol);
    return 0;
}
