#include "cached/stores/store.h"

#include "cached/stores/kinds.h"
#include "common/config/text_format.h"

/* All that there are: a new one is added here. */
static const store_kind_t *const kinds[] = {&store_memory, &store_sqlite, &store_postgres, &store_redis};
enum { KINDS = sizeof kinds / sizeof *kinds };

const store_kind_t *store_kind_at(size_t number)
{
    return number < KINDS ? kinds[number] : NULL;
}

const store_kind_t *store_kind(const char *url)
{
    text_t scheme = {url, strcspn(url, ":")};
    if (url[scheme.length] != ':')
        return NULL;
    for (size_t i = 0; i < KINDS; i++)
        if (text_equal(scheme, text_of(kinds[i]->scheme)))
            return kinds[i];
    return NULL;
}

void store_url_shown(const char *url, char *shown, size_t size)
{
    buffer_t text = buffer_new(0);
    text_format_append_masked(FORMAT_STORE, text_of(url), &text);
    size_t length = !buffer_ok(&text) ? 0 : text.length < size ? text.length : size - 1;
    if (length > 0)
        memcpy(shown, text.bytes, length);
    shown[length] = '\0';
    buffer_release(&text);
}
