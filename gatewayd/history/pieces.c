#include "gatewayd/history/pieces.h"

#include "common/json/json.h"
#include "common/json/json_write.h"
#include "proto/record.h"

bool pieces_init(pieces_t *self, const asked_t *asked)
{
    *self = (pieces_t){.text = buffer_new(0),
                       .cut = asked->head.length,
                       .next_name = asked->next_name,
                       .left = asked->count,
                       .counted = asked->count > 0,
                       .many = asked->next_name && asked->count > PIECE_TRADES,
                       .next = buffer_new(0),
                       .trades = buffer_new(PIECES_ROOM + 2 * PIECES_BYTES),
                       .others = buffer_new(0)};
    buffer_append(&self->text, asked->head);
    buffer_append(&self->text, asked->tail);
    buffer_append(&self->next, asked->next);
    return buffer_ok(&self->text) && buffer_ok(&self->next);
}

void pieces_release(pieces_t *self)
{
    buffer_release(&self->text);
    buffer_release(&self->next);
    buffer_release(&self->trades);
    buffer_release(&self->others);
}

void pieces_print(const pieces_t *self, buffer_t *out)
{
    text_t text = buffer_text(&self->text);
    uint64_t count = self->many && self->left > PIECE_TRADES ? PIECE_TRADES : self->left;
    buffer_append(out, (text_t){text.at, self->cut});
    if (self->counted) {
        json_writer_t json = json_write_on(out);
        json_put_u64(&json, "count", count);
    }
    buffer_append(out, (text_t){text.at + self->cut, text.length - self->cut});
    if (self->next.length > 0) {
        json_writer_t json = json_write_on(out);
        json_put_raw(&json, self->next_name, buffer_text(&self->next));
    }
    buffer_append(out, TEXT("}"));
}

/* Room for all that is asked for, if the rest is as long: nothing is moved while it grows. */
static void begin_trades(pieces_t *self, size_t length, uint64_t count)
{
    uint64_t pieces = count > 0 ? (self->left + count - 1) / count : 0;
    size_t expected = (size_t)(pieces < PIECES_BYTES / (length + 1) ? pieces * (length + 1) : PIECES_BYTES);
    buffer_reserve(&self->trades, PIECES_ROOM + expected + PIECES_FRONT);
    if (buffer_room(&self->trades, PIECES_ROOM))
        buffer_took(&self->trades, PIECES_ROOM);
}

/* Appends what stands in the array. Returns how many trades these are. */
static uint64_t add_trades(pieces_t *self, text_t array)
{
    uint64_t count = record_count(array);
    if (self->trades.length == 0)
        begin_trades(self, array.length, count);
    if (count == 0)
        return 0;
    if (self->trades.length > PIECES_ROOM)
        buffer_append(&self->trades, TEXT(","));
    buffer_append(&self->trades, (text_t){array.at + 1, array.length - 2});
    return count;
}

static void add_other(pieces_t *self, text_t key, text_t value)
{
    uint64_t missing;
    if (text_equal(key, TEXT("missing")) && json_u64(value, &missing)) {
        self->missing += missing;
        self->tells_missing = true;
    } else if (text_equal(key, TEXT("incomplete"))) {
        self->incomplete = self->incomplete || json_kind(value) == JSON_TRUE;
    } else if (text_equal(key, TEXT("next"))) {
        buffer_append(&self->next, value);
    } else {
        buffer_printf(&self->others, ",\"%.*s\":", TEXT_ARG(key));
        buffer_append(&self->others, value);
    }
}

/* The trades of an answer; the other members are taken down. None of an answer that is no valid object. */
static text_t read_answer(pieces_t *self, text_t answer)
{
    text_t trades = {"", 0};
    json_walk_t walk = json_walk(answer);
    buffer_clear(&self->others);
    buffer_clear(&self->next);
    while (json_next(&walk)) {
        if (text_equal(walk.key, TEXT("trades")))
            trades = walk.value;
        else if (!text_equal(walk.key, TEXT("ok")) && !text_equal(walk.key, TEXT("id")))
            add_other(self, walk.key, walk.value);
    }
    return json_closed(&walk) ? trades : (text_t){"", 0};
}

pieces_state_t pieces_take(pieces_t *self, text_t answer)
{
    text_t trades = read_answer(self, answer);
    if (json_kind(trades) != JSON_ARRAY)
        return PIECES_INVALID;
    uint64_t count = add_trades(self, trades);
    self->left -= count < self->left ? count : self->left;
    if (!buffer_ok(&self->trades) || !buffer_ok(&self->others) || !buffer_ok(&self->next))
        return PIECES_INVALID;
    bool room = self->trades.length + (size_t)2 * PIECE_TRADES * PIECE_TRADE_BYTES <= PIECES_BYTES;
    return count > 0 && self->left > 0 && self->next.length > 0 && room ? PIECES_MORE : PIECES_DONE;
}

void pieces_put_others(const pieces_t *self, buffer_t *out)
{
    buffer_append(out, self->tells_missing || self->incomplete ? TEXT(",") : TEXT("")); /* they follow others */
    json_writer_t json = json_write(out);
    if (self->tells_missing)
        json_put_u64(&json, "missing", self->missing);
    if (self->incomplete)
        json_put_bool(&json, "incomplete", true);
    buffer_append(out, buffer_text(&self->others));
}
