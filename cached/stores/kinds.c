#include "cached/stores/kinds.h"

/* A new kind is named here; its file defines store_NAME. */
#define KINDS(X) X(memory) X(sqlite) X(postgres) X(redis)

#define DECLARED(name) extern const store_kind_t store_##name;
KINDS(DECLARED)

#define LISTED(name) &store_##name,
static const store_kind_t *const kinds[] = {KINDS(LISTED)};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

const store_kind_t *store_kind_at(size_t number)
{
    return number < KIND_COUNT ? kinds[number] : NULL;
}

const store_kind_t *store_kind(const char *url)
{
    text_t scheme = {url, strcspn(url, ":")};
    if (url[scheme.length] != ':')
        return NULL;
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (text_equal(scheme, text_of(kinds[i]->scheme)))
            return kinds[i];
    return NULL;
}
