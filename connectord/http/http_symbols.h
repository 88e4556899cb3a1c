/* What a source that is asked over HTTP is subscribed to: with a URL of its own a symbol is confirmed by its first answer,
 * else at once. */
#pragma once

#include "connectord/http/http_source.h"

/* The source answers: it is connected, if it was not yet. False: it has been left in the moment in which it was told so. */
bool http_symbols_made(http_source_t *self);

/* Does what is wanted now, and confirms it. Callbacks may end the connection, here and below. */
void http_symbols_pump(http_source_t *self);

void http_symbols_confirm(http_source_t *self, told_symbol_t *symbol, bool subscribed);
