/* Makes a page of history into what clients are sent: every trade once and in order; and a word of what is missing. */
#pragma once

#include "gatewayd/forms/frame.h"
#include "proto/cursor.h"

typedef struct {
    text_t symbol, source;
    dialect_t dialect;
    cursor_t last; /* the client has everything up to here; moved forward */
    cursor_t to;   /* nothing behind this is wanted, or is missing */
} page_frames_t;

/* What page_frames_append has found behind page->last. */
typedef enum {
    PAGE_NOTHING, /* no trade */
    PAGE_WHOLE,   /* all of what came, up to page->to */
    PAGE_HOLE,    /* trades up to where some are missing */
    PAGE_FULL     /* as many as there is room for */
} page_end_t;

/* Appends a trades.update in a frame for each of the first trades (a raw JSON array, oldest first) behind page->last and up to page->to that follow
 * one another without a hole: until `frames` has come to room_bytes, and one at least. What is no trade is left out. *after: the place before the
 * first of them; what lies between page->last as it was and that is missing. */
page_end_t page_frames_append(page_frames_t *page, text_t trades, size_t room_bytes, buffer_t *frames, cursor_t *after);

/* Appends the trades.gap that says that nothing more comes up to page->to; moves page->last there. */
void page_frames_give_up(page_frames_t *page, buffer_t *frames);
