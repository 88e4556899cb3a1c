/* Makes a page of history into what a client is sent: every trade once and in order, and where some are missing a word of it.
 */
#pragma once

#include "gatewayd/frame.h"
#include "proto/cursor.h"

typedef struct {
    text_t symbol, source;
    dialect_t dialect;
    cursor_t last; /* the client has everything up to here; moved forward */
    cursor_t to;   /* nothing behind this is wanted */
} page_t;

/* Appends frames for the trades (a raw JSON array, oldest first) behind page->last and up to page->to: trades.update each, and
 * trades.gap in place where the numbering jumps. What is no trade is left out. *moved: has page->last? False when it stopped early,
 * since `frames` had come to room_bytes; it takes one trade at least. */
bool page_append(page_t *page, text_t trades, size_t room_bytes, buffer_t *frames, bool *moved);

/* Appends the trades.gap that says that nothing more comes up to page->to; moves page->last there. */
void page_give_up(page_t *page, buffer_t *frames);

/* A notification in a frame. */
void page_append_notification(buffer_t *frames, dialect_t dialect, text_t method, text_t params);
