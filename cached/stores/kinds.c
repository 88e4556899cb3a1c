#include "cached/stores/kinds.h"

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
