/* What a source's lines (redundant_lines.h) tell whoever has them. */
#pragma once

#include "connectord/lines/lines_status.h"

typedef struct redundant_lines redundant_lines_t;

typedef struct {
    /* As in source.h, for the source as a whole. line: its number, less than LINES_MAX. */
    bool (*on_trade)(void *arg, size_t line, trade_t *trade, memo_t *memo);
    bool (*on_former)(void *arg, size_t line, trade_t *trade, memo_t *memo);
    void (*on_tail)(void *arg, size_t line, text_t symbol, uint64_t last_id);
    receipt_t (*on_offer)(void *arg, size_t line, trade_t *trade);
    bool (*on_settle)(void *arg, text_t subject, cursor_t *end);
    /* A line has been subscribed to the symbol, or is no longer: redundant_lines_has. */
    void (*on_symbol)(void *arg, text_t symbol);
    /* A line has connected, and is subscribed from now on; or it is gone. */
    void (*on_line)(void *arg, size_t line, bool up);
    /* Has this line reached, in each stream, the start of all others? Then they also bring what it holds unread. */
    bool (*is_covered)(void *arg, size_t line);
    /* The source's events. STATUS_HEARTBEAT: a line came or went, while the source stayed connected. */
    void (*on_status)(void *arg, status_event_t event);
} redundant_lines_events_t;
