/* Which page of trades a request asks for: the start of the operations recent, since, range and coverage. */
#pragma once

#include "cached/answers/page_printer.h"

/* Finds the request's symbol. False, with the answer, if there is no such symbol. */
bool page_request_symbol(const catalog_t *catalog, const request_t *request, catalog_symbol_t *found, buffer_t *answer);

/* Starts the page that recent, since, range or coverage (asserted) asks for. store: may a store have more? False, with the answer, when there
 * is nothing to return. */
bool page_request_begin(const catalog_t *catalog, const request_t *request, bool store, page_printer_t *page, buffer_t *answer);
