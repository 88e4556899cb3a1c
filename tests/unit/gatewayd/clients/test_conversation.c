/* What waits for one client, in which order it goes, and whose memory it is in. */
#include "tests/unit/gateway_fixture.h"

#define MESSAGE "{\"a\":1}"

/* The peer's end: takes so many bytes, and is not ready then; may take over the buffer that it is offered. */
static struct {
    buffer_t sent;
    const char *at; /* where what was sent last stood */
    size_t room;
    bool ready, takes_over;
    buffer_t owned;
    unsigned wakes, closed, pumped, released;
} end;

static conversation_t talk;

static size_t end_send(void *link, text_t frames, buffer_t *owner)
{
    (void)link;
    size_t taken = frames.length < end.room ? frames.length : end.room;
    buffer_append(&end.sent, (text_t){frames.at, taken});
    end.at = frames.at;
    end.ready = taken == frames.length && !end.takes_over;
    if (owner && end.takes_over) {
        buffer_release(&end.owned);
        end.owned = buffer_take(owner);
        return frames.length;
    }
    return taken;
}

static bool end_ready(void *link)
{
    (void)link;
    return end.ready;
}

static void end_wake(void *link)
{
    (void)link;
    end.wakes++;
}

static void end_close(void *link, unsigned code, text_t reason)
{
    (void)link, (void)reason;
    end.closed = code;
}

static const client_link_t link = {.send = end_send, .ready = end_ready, .wake = end_wake, .close = end_close};

static void on_released(conversation_t *self)
{
    ck_assert_ptr_eq(self, &talk);
    end.released++;
}

static void on_pump(conversation_t *self)
{
    end.pumped++;
    conversation_send_outbox(self);
}

static const conversation_events_t events = {.released = on_released, .pump = on_pump};

static void set_up(void)
{
    fixture_setup();
    memset(&end, 0, sizeof end);
    end.sent = end.owned = buffer_new(0);
    end.room = SIZE_MAX;
    end.ready = true;
    conversation_open(&talk, &fixture.hub, &link, NULL, &events);
}

static void tear_down(void)
{
    conversation_cancel(&talk);
    conversation_close(&talk);
    buffer_release(&end.sent);
    buffer_release(&end.owned);
    fixture_teardown();
}

static void expect_sent(const char *payloads)
{
    text_t rest = buffer_text(&end.sent), payload;
    buffer_t found = buffer_new(0);
    while (frame_next(&rest, &payload)) {
        buffer_append(&found, payload);
        buffer_append(&found, TEXT(" "));
    }
    ck_assert_msg(text_equal(buffer_text(&found), text_of(payloads)), "expected %s\nfound    %.*s", payloads,
                  TEXT_ARG(buffer_text(&found)));
    buffer_release(&found);
    buffer_clear(&end.sent);
}

/* An answer as JSON-RPC makes it: with room in front. The text points into `room`. */
static text_t an_answer(buffer_t *room, size_t length)
{
    char *bytes = buffer_room(room, FRAME_HEADER_MAX + length);
    memset(bytes, '7', FRAME_HEADER_MAX + length);
    buffer_took(room, FRAME_HEADER_MAX + length);
    return (text_t){bytes + FRAME_HEADER_MAX, length};
}

START_TEST(messages_wait_in_their_order_until_the_link_takes_them)
{
    conversation_send(&talk, TEXT("1"));
    conversation_notify(&talk, TEXT("news"), TEXT("{}"));
    conversation_send(&talk, TEXT("2"));
    ck_assert_uint_eq(end.wakes, 3);
    expect_sent("");
    ck_assert(conversation_send_outbox(&talk));
    expect_sent("1 {\"jsonrpc\":\"2.0\",\"method\":\"news\",\"params\":{}} 2 ");
}
END_TEST

START_TEST(an_answer_goes_out_from_where_it_stands_when_nothing_goes_before_it)
{
    buffer_t room = buffer_new(0);
    text_t answer = an_answer(&room, 3);
    conversation_answer(&talk, answer, NULL);
    ck_assert_ptr_eq(end.at, answer.at - 2);
    expect_sent("777 ");
    conversation_send(&talk, TEXT("1"));
    conversation_answer(&talk, answer, NULL);
    expect_sent("");
    conversation_send_outbox(&talk);
    expect_sent("1 777 ");
    buffer_release(&room);
}
END_TEST

START_TEST(a_long_answer_is_taken_over_by_the_outbox_where_the_link_is_not_ready)
{
    buffer_t room = buffer_new(0);
    text_t answer = an_answer(&room, 300);
    const char *bytes = answer.at;
    end.ready = false;
    conversation_answer(&talk, answer, &room);
    ck_assert_ptr_null(room.bytes);
    ck_assert_ptr_eq(talk.outbox.bytes, bytes - 4);
    end.ready = true;
    ck_assert(conversation_send_outbox(&talk));
    text_t rest = buffer_text(&end.sent), payload;
    ck_assert(frame_next(&rest, &payload) && payload.length == 300);
}
END_TEST

START_TEST(what_the_link_may_have_kept_is_the_last_frame_or_all_that_it_has_taken_over)
{
    buffer_t frames = buffer_new(0);
    frame_append_text(&frames, TEXT("first"));
    frame_append_text(&frames, TEXT("a second one"));
    ck_assert_uint_eq(conversation_send_now(&talk, buffer_text(&frames), NULL), frames.length);
    ck_assert_uint_eq(talk.kept, 0); /* the link is still ready: it has kept nothing */
    end.takes_over = true;
    ck_assert_uint_eq(conversation_send_now(&talk, buffer_text(&frames), NULL), frames.length);
    ck_assert_uint_eq(talk.kept, 2 + 12);
    size_t length = frames.length;
    ck_assert_uint_eq(conversation_send_now(&talk, buffer_text(&frames), &frames), length);
    ck_assert_ptr_null(frames.bytes); /* nobody looks into it any longer: it may have moved */
    ck_assert_uint_eq(talk.kept, length);
    ck_assert_uint_eq(fixture.hub.counts.writes, 3);
}
END_TEST

START_TEST(what_is_held_goes_behind_the_answer_and_behind_open_batches)
{
    rpc_batches_t batches = {.count = 1};
    buffer_t room = buffer_new(0);
    talk.batches = &batches;
    conversation_notify_later(&talk, TEXT("news"), TEXT("{}"));
    conversation_answer(&talk, an_answer(&room, 1), NULL);
    expect_sent("7 ");
    ck_assert_uint_eq(end.released, 0);
    batches.count = 0;
    talk.gathering = true;
    conversation_release(&talk);
    ck_assert_uint_eq(end.released, 0);
    talk.gathering = false;
    conversation_release(&talk);
    ck_assert_uint_eq(end.released, 1);
    conversation_send_outbox(&talk);
    expect_sent("{\"jsonrpc\":\"2.0\",\"method\":\"news\",\"params\":{}} ");
    conversation_release(&talk); /* nothing is held now */
    ck_assert_uint_eq(end.released, 1);
    buffer_release(&room);
}
END_TEST

START_TEST(while_a_message_is_dealt_with_nothing_wakes_the_link)
{
    conversation_cork(&talk);
    conversation_send(&talk, TEXT(MESSAGE));
    ck_assert_uint_eq(end.wakes, 0);
    conversation_uncork(&talk);
    ck_assert_uint_eq(end.pumped, 1);
    expect_sent(MESSAGE " ");
}
END_TEST

START_TEST(too_much_that_waits_ends_the_connection_but_one_message_of_any_length_does_not)
{
    fixture.hub.limits.pending_bytes = 100;
    buffer_t room = buffer_new(0);
    end.ready = false;
    conversation_send(&talk, an_answer(&room, 5000));
    ck_assert_uint_eq(end.closed, 0);
    conversation_send(&talk, an_answer(&room, 50));
    ck_assert_uint_eq(end.closed, 0);
    conversation_send(&talk, an_answer(&room, 60));
    ck_assert_uint_eq(end.closed, CLOSE_POLICY);
    ck_assert_uint_eq(fixture.hub.counts.overflowed, 1);
    size_t length = talk.outbox.length;
    conversation_send(&talk, TEXT("1"));
    ck_assert_uint_eq(talk.outbox.length, length);
    buffer_release(&room);
}
END_TEST

START_TEST(long_messages_wait_for_their_share_of_the_loop)
{
    buffer_t room = buffer_new(0);
    conversation_send(&talk, an_answer(&room, CONVERSATION_COPIED_MAX));
    ck_assert(conversation_send_outbox(&talk)); /* there is no share here: no limit */
    ck_assert_uint_gt(end.sent.length, CONVERSATION_COPIED_MAX);
    ck_assert_uint_eq(talk.outbox.capacity, 0); /* and a large outbox is given back */
    buffer_release(&room);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {messages_wait_in_their_order_until_the_link_takes_them,
                                  an_answer_goes_out_from_where_it_stands_when_nothing_goes_before_it,
                                  a_long_answer_is_taken_over_by_the_outbox_where_the_link_is_not_ready,
                                  what_the_link_may_have_kept_is_the_last_frame_or_all_that_it_has_taken_over,
                                  what_is_held_goes_behind_the_answer_and_behind_open_batches,
                                  while_a_message_is_dealt_with_nothing_wakes_the_link,
                                  too_much_that_waits_ends_the_connection_but_one_message_of_any_length_does_not,
                                  long_messages_wait_for_their_share_of_the_loop};
    return RUN_TESTS("conversation", TEST_CASE(set_up, tear_down, tests));
}
