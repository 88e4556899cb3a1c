/* The URL of a store: its parts lie within it, it is refused with a reason, and it is shown without what is secret in it. */
#include "cached/stores/kinds.h"
#include "cached/stores/store_url.h"
#include "tests/fuzz/fuzz.h"

enum { SHOWN = 64 };

static void require_within(const store_url_t *url, const char *part)
{
    bool within =
        part >= url->bytes && part < url->bytes + sizeof url->bytes && memchr(part, 0, url->bytes + sizeof url->bytes - part);
    require(*part == '\0' || within);
}

static void check_parts(const char *text)
{
    static store_url_t url;
    uint64_t number = 9;
    const char *wrong = store_url_parse(&url, text);
    require(!wrong || *wrong);
    if (!wrong) {
        const char *const parts[] = {url.user, url.password, url.host, url.path, url.query};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            require_within(&url, parts[i]);
        store_url_number(&url, "trades", &number);
    }
    wrong = store_url_parse_path(&url, text);
    if (!wrong)
        require_within(&url, url.path);
    require(!wrong || *wrong);
}

static void check_shown(const char *text)
{
    for (size_t room = 1; room <= SHOWN; room++) {
        char *shown = malloc(room); /* of its size, so that a sanitizer sees what is written behind it */
        require(shown != NULL);
        store_url_shown(text, shown, room);
        require(strnlen(shown, room) < room);
        free(shown);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    require(text != NULL);
    const store_kind_t *kind = store_kind(text);
    require(!kind || text_starts_with(text_of(text), text_of(kind->scheme)));
    check_parts(text);
    check_shown(text);
    free(text);
    return 0;
}
