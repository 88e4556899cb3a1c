/* Turns a page of history into frames for clients: every trade once and in order, and a report of what is missing. */
#pragma once

#include "gatewayd/forms/frame.h"
#include "proto/cursor.h"

typedef struct {
    text_t symbol, source;
    dialect_t dialect;
    cursor_t last; /* the client has everything up to here; moved forward */
    cursor_t to;   /* nothing after this is wanted, or is missing */
    bool quiet;    /* nothing is told of what is missing */
    buffer_t
        *sums; /* page_frames_append appends a uint32_t for each frame: the sum of its record (frame_sum); NULL: not wanted */
} page_frames_t;

/* What page_frames_append found after page->last. */
typedef enum {
    PAGE_NOTHING, /* no trade */
    PAGE_WHOLE,   /* everything that came, up to page->to */
    PAGE_HOLE,    /* trades up to where some are missing */
    PAGE_FULL     /* as many as fit */
} page_end_t;

/* Appends a trades.update in a frame for each of the first trades (a raw JSON array, oldest first) after page->last and up to page->to that follow
 * one another without a gap: until `frames` reaches room_bytes, and at least one. Anything but a trade is left out. *after: the place before the
 * first of them; what is between the former page->last and that is missing. */
page_end_t page_frames_append(page_frames_t *page, text_t trades, size_t room_bytes, buffer_t *frames, cursor_t *after);

/* Appends the trades.gap that says that nothing more comes up to page->to; moves page->last there. Nothing is said where it is quiet. */
void page_frames_give_up(page_frames_t *page, buffer_t *frames);
