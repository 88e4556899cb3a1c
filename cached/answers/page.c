#include "cached/answers/page.h"

#include <assert.h>

bool page_symbol(const shelf_t *shelf, const request_t *request, shelf_symbol_t *found, buffer_t *answer)
{
    if (shelf_symbol(shelf, request->symbol, found))
        return true;
    answer_error(answer, request, ERROR_INVALID_SYMBOL, "Invalid symbol: %.*s", TEXT_ARG(request->symbol));
    return false;
}

static bool begin_recent(const shelf_t *shelf, const request_t *request, bool store, extract_t *page, buffer_t *answer)
{
    shelf_symbol_t found;
    bool known = page_symbol(shelf, request, &found, answer);
    if (known)
        extract_begin_recent(page, request, &found, store);
    return known;
}

static bool begin_since(const shelf_t *shelf, const request_t *request, bool store, extract_t *page, buffer_t *answer)
{
    shelf_symbol_t found;
    bool known = page_symbol(shelf, request, &found, answer);
    if (known)
        extract_begin_since(page, request, &found, store);
    return known;
}

static bool begin_range(const shelf_t *shelf, const request_t *request, bool store, extract_t *page, buffer_t *answer)
{
    const tape_t *tape = shelf_find(shelf, request->topic);
    bool known = tape || shelf_offered(shelf, request->topic);
    if (known)
        extract_begin_range(page, request, tape, store);
    else
        answer_error(answer, request, ERROR_INVALID_TOPIC, "Invalid topic: %.*s", TEXT_ARG(request->topic));
    return known;
}

static const struct {
    const char *op;
    bool (*begin)(const shelf_t *shelf, const request_t *request, bool store, extract_t *page, buffer_t *answer);
} pages[] = {{"recent", begin_recent}, {"since", begin_since}, {"range", begin_range}};

bool page_begin(const shelf_t *shelf, const request_t *request, bool store, extract_t *page, buffer_t *answer)
{
    size_t i = 0;
    while (!text_equal(request->op, text_of(pages[i].op))) {
        i++;
        assert(i < sizeof pages / sizeof *pages);
    }
    return pages[i].begin(shelf, request, store, page, answer);
}
