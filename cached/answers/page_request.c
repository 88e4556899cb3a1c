#include "cached/answers/page_request.h"

#include <assert.h>

#include "cached/answers/answer_coverage.h"
#include "cached/answers/symbol_sources.h"

bool page_request_symbol(const catalog_t *catalog, const request_t *request, catalog_symbol_t *found, buffer_t *answer)
{
    if (catalog_symbol(catalog, request->symbol, found))
        return true;
    answer_error(answer, request, ERROR_INVALID_SYMBOL, "Invalid symbol: %.*s", TEXT_ARG(request->symbol));
    return false;
}

static bool begin_recent(const catalog_t *catalog, const request_t *request, bool store, page_printer_t *page, buffer_t *answer)
{
    catalog_symbol_t found;
    bool known = page_request_symbol(catalog, request, &found, answer);
    if (known)
        page_printer_begin_recent(page, request, &found, store);
    return known;
}

static bool begin_since(const catalog_t *catalog, const request_t *request, bool store, page_printer_t *page, buffer_t *answer)
{
    catalog_symbol_t found;
    bool known = page_request_symbol(catalog, request, &found, answer);
    if (known)
        page_printer_begin_since(page, request, &found, store);
    return known;
}

static bool begin_range(const catalog_t *catalog, const request_t *request, bool store, page_printer_t *page, buffer_t *answer)
{
    const memory_log_t *memory_log = catalog_find(catalog, request->topic);
    bool known = memory_log || catalog_offered(catalog, request->topic);
    if (known)
        page_printer_begin_range(page, request, memory_log, store);
    else
        answer_error(answer, request, ERROR_INVALID_TOPIC, "Invalid topic: %.*s", TEXT_ARG(request->topic));
    return known;
}

static bool begin_coverage(const catalog_t *catalog, const request_t *request, bool store, page_printer_t *page,
                           buffer_t *answer)
{
    symbol_sources_t sources;
    if (!symbol_sources_find(&sources, catalog, request->symbol, request->source, 0)) {
        answer_error(answer, request, ERROR_INVALID_SYMBOL, "Invalid symbol: %.*s", TEXT_ARG(request->symbol));
        return false;
    }
    if (!answer_coverage_begin(request, answer))
        return false;
    page_printer_begin_coverage(page, request, catalog, store);
    return true;
}

static const struct {
    const char *op;
    bool (*begin)(const catalog_t *catalog, const request_t *request, bool store, page_printer_t *page, buffer_t *answer);
} pages[] = {{"recent", begin_recent}, {"since", begin_since}, {"range", begin_range}, {"coverage", begin_coverage}};

bool page_request_begin(const catalog_t *catalog, const request_t *request, bool store, page_printer_t *page, buffer_t *answer)
{
    size_t i = 0;
    while (!text_equal(request->op, text_of(pages[i].op))) {
        i++;
        assert(i < sizeof pages / sizeof *pages);
    }
    return pages[i].begin(catalog, request, store, page, answer);
}
