/* Which page of trades a request asks for: the operations recent, since and range, as they begin. */
#pragma once

#include "cached/answers/page_printer.h"

/* Finds the request's symbol. False, with the answer, when there is none such. */
bool page_request_symbol(const catalog_t *catalog, const request_t *request, catalog_symbol_t *found, buffer_t *answer);

/* Begins the page that recent, since or range (asserted) asks for. store: may there be more in a store? False, with the answer, when there
 * is nothing to be had. */
bool page_request_begin(const catalog_t *catalog, const request_t *request, bool store, page_printer_t *page, buffer_t *answer);
