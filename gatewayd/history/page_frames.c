#include "gatewayd/history/page_frames.h"

#include "common/json/json.h"
#include "gatewayd/forms/subject_form.h"
#include "gatewayd/streams/notify.h"
#include "proto/record.h"

/* What lies between page->last and `next` is missing. */
static void append_gap(const page_frames_t *page, cursor_t next, buffer_t *frames)
{
    char name[SUBJECT_FORM_METHOD_MAX];
    buffer_t params = buffer_new(0);
    cursor_t from = {page->last.epoch, page->last.seq + 1}, to = {next.epoch, next.seq - 1};
    notify_gap(&params, page->symbol, page->source, from, to);
    frame_append_notification(frames, page->dialect, subject_form_method(name, page->symbol, TEXT("gap")),
                              buffer_text(&params));
    buffer_release(&params);
}

static void append_sum(const page_frames_t *page, text_t json)
{
    uint32_t sum = frame_sum(page->dialect, json);
    buffer_append(page->sums, (text_t){(const char *)&sum, sizeof sum});
}

page_end_t page_frames_append(page_frames_t *page, text_t trades, size_t room_bytes, buffer_t *frames, cursor_t *after)
{
    char name[SUBJECT_FORM_METHOD_MAX];
    text_t update = subject_form_method(name, page->symbol, TEXT("update"));
    page_end_t end = PAGE_NOTHING;
    *after = page->last;
    for (json_walk_t walk = json_walk(trades); json_next(&walk);) {
        trade_t trade;
        if (!record_parse(walk.value, &trade) || trade.cursor.seq == 0 || cursor_compare(trade.cursor, page->last) <= 0)
            continue;
        if (cursor_compare(trade.cursor, page->to) > 0)
            break;
        if (end == PAGE_NOTHING)
            *after = cursor_before(trade.cursor);
        else if (cursor_compare(trade.cursor, cursor_behind(page->last)) != 0)
            return PAGE_HOLE;
        else if (frames->length + walk.value.length > room_bytes)
            return PAGE_FULL;
        frame_append_notification(frames, page->dialect, update, walk.value);
        if (page->sums)
            append_sum(page, walk.value);
        page->last = trade.cursor;
        end = PAGE_WHOLE;
    }
    return end;
}

void page_frames_give_up(page_frames_t *page, buffer_t *frames)
{
    if (cursor_compare(page->last, page->to) >= 0)
        return;
    if (!page->quiet)
        append_gap(page, (cursor_t){page->to.epoch, page->to.seq + 1}, frames);
    page->last = page->to;
}
