#include "cached/range.h"

/* How many seqs lie from `expected` up to, but without, `found`. Of an epoch that came in between, and of the rest of the epoch before
 * it, nobody knows how many there were: they are not counted. */
static uint64_t count_between(cursor_t expected, cursor_t found)
{
    if (cursor_compare(found, expected) <= 0)
        return 0;
    return found.epoch == expected.epoch ? found.seq - expected.seq : found.seq - 1;
}

static cursor_t behind(cursor_t cursor)
{
    return (cursor_t){cursor.epoch, cursor.seq + 1};
}

/* The seq that a complete tape would answer with first. */
static cursor_t expected_first(const tape_t *tape, const request_t *request, uint64_t number)
{
    if (request->has_from)
        return (cursor_t){request->from.epoch, request->from.seq ? request->from.seq : 1};
    return number < tape_end(tape) ? tape_at(tape, number).cursor : behind(tape_known(tape));
}

/* Where the part of the stream ends that has been: behind it nothing is missing. */
static cursor_t expected_end(const tape_t *tape, const request_t *request)
{
    cursor_t known = tape_known(tape);
    bool cut = request->has_to && cursor_compare(request->to, known) < 0;
    return behind(cut ? request->to : known);
}

static void print_cursor(buffer_t *answer, cursor_t cursor)
{
    char text[CURSOR_MAX];
    buffer_append(answer, (text_t){text, cursor_print(text, cursor)});
}

void range_print(const tape_t *tape, const request_t *request, size_t limit_bytes, buffer_t *answer)
{
    uint64_t number = request->has_from ? tape_find(tape, request->from) : tape_first(tape);
    cursor_t expected = expected_first(tape, request, number);
    uint64_t missing = 0, count = 0;
    bool more = false;
    buffer_append(answer, TEXT(",\"trades\":["));
    for (; number < tape_end(tape); number++, count++) {
        tape_trade_t trade = tape_at(tape, number);
        if (request->has_to && cursor_compare(trade.cursor, request->to) > 0)
            break;
        if ((more = count == request->count || answer->length + trade.json.length > limit_bytes))
            break;
        if (count > 0)
            buffer_append(answer, TEXT(","));
        buffer_append(answer, trade.json);
        missing += count_between(expected, trade.cursor);
        expected = behind(trade.cursor);
    }
    if (!more)
        missing += count_between(expected, expected_end(tape, request));
    buffer_append(answer, TEXT("],\"missing\":"));
    buffer_append_u64(answer, missing);
    if (more) {
        buffer_append(answer, TEXT(",\"next\":\""));
        print_cursor(answer, expected);
        buffer_append(answer, TEXT("\""));
    }
}
