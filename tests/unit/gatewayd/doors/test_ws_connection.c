#include "gatewayd/doors/ws_connection.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "gatewayd/forms/frame.h"
#include "tests/unit/run_tests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { LONG = 4 << 20 };

static loop_t *loop;
static ws_connection_t *connection;
static int peer;
static buffer_t told; /* the events, a line each */

static void on_message(void *owner, text_t message, bool binary)
{
    (void)owner;
    buffer_printf(&told, "%s %.*s\n", binary ? "binary" : "text", TEXT_ARG(message));
}

static size_t held;

static void on_held(void *owner, size_t bytes)
{
    (void)owner;
    held = bytes;
}

static void on_broken(void *owner, unsigned code, const char *why)
{
    (void)owner;
    buffer_printf(&told, "broken %u %s\n", code, why);
}

static bool closes_at_ping;

static void on_pinged(void *owner)
{
    (void)owner;
    if (closes_at_ping)
        ws_connection_close(connection, TEXT("\x88\x02\x11\x4d"));
}

static void on_ready(void *owner)
{
    (void)owner;
    buffer_append(&told, TEXT("ready\n"));
}

static void on_gone(void *owner)
{
    (void)owner;
    connection = NULL;
    buffer_append(&told, TEXT("gone\n"));
}

static const ws_connection_events_t events = {
    .message = on_message, .held = on_held, .broken = on_broken, .pinged = on_pinged, .ready = on_ready, .gone = on_gone};
static const ws_connection_terms_t terms = {.message_bytes = 1000, .events = &events};

static void setup(void)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    loop = loop_new();
    told = buffer_new(0);
    peer = ends[1];
    connection = ws_connection_new(loop, (byte_stream_t){.fd = ends[0]}, TEXT("HTTP/1.1 101\r\n\r\n"), &terms, NULL);
    ck_assert_ptr_nonnull(connection);
}

static void turn(void)
{
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

static void teardown(void)
{
    ws_connection_destroy(&connection);
    turn();
    loop_destroy(&loop);
    buffer_release(&told);
    if (peer != -1)
        close(peer);
}

/* Runs the loop until the events are these, which are forgotten then. */
static void expect(const char *lines)
{
    int64_t deadline_ns = clock_mono_ns() + 30 * NS_PER_S;
    while (told.length < strlen(lines) && clock_mono_ns() < deadline_ns)
        turn();
    ck_assert_msg(text_equal(buffer_text(&told), text_of(lines)), "expected %s, found %.*s", lines,
                  TEXT_ARG(buffer_text(&told)));
    buffer_clear(&told);
}

/* What the peer has been sent, without the answer to the handshake, until the end of the connection, or for as long as something comes. */
static buffer_t received(void)
{
    buffer_t all = buffer_new(0);
    for (int quiet = 0; quiet < 3; quiet++) {
        char *room = buffer_room(&all, 65536);
        ssize_t got = recv(peer, room, 65536, 0);
        if (got > 0) {
            buffer_took(&all, (size_t)got);
            quiet = 0;
        } else if (got == 0) {
            break;
        }
        turn();
    }
    text_t handshake = TEXT("HTTP/1.1 101\r\n\r\n");
    if (text_starts_with(buffer_text(&all), handshake))
        buffer_consume(&all, handshake.length);
    return all;
}

static void expect_bytes(text_t expected)
{
    buffer_t found = received();
    ck_assert_uint_eq(found.length, expected.length);
    ck_assert(text_equal(buffer_text(&found), expected));
    buffer_release(&found);
}

/* A client's frame, masked with zeros; its first byte is given. */
static void say(int first, text_t payload)
{
    unsigned char frame[6 + 125] = {(unsigned char)first, (unsigned char)(0x80 | payload.length)};
    ck_assert_uint_le(payload.length, 125);
    memcpy(frame + 6, payload.at, payload.length);
    ck_assert_int_eq(send(peer, frame, 6 + payload.length, MSG_NOSIGNAL), (ssize_t)(6 + payload.length));
}

/* A frame of LONG bytes in a buffer that holds nothing else, behind some room. */
static buffer_t long_frame(char letter)
{
    buffer_t frame = buffer_new(0);
    char header[FRAME_HEADER_MAX];
    buffer_append(&frame, TEXT("room in front"));
    buffer_append(&frame, (text_t){header, frame_header(header, LONG)});
    memset(buffer_room(&frame, LONG), letter, LONG);
    buffer_took(&frame, LONG);
    buffer_consume(&frame, sizeof "room in front" - 1);
    return frame;
}

START_TEST(messages_come_whole_and_control_frames_in_between_are_answered)
{
    say(0x81, TEXT("one"));
    expect("text one\n");
    say(0x02, TEXT("be"));
    say(0x89, TEXT("alive?"));
    say(0x00, TEXT("gin"));
    say(0x80, TEXT("ning"));
    expect("binary beginning\n");
    expect_bytes(TEXT("\x8a\x06"
                      "alive?"));
}
END_TEST

START_TEST(what_is_held_of_a_message_is_told_until_it_is_whole)
{
    char text[121] = {0};
    held = 0;
    memset(text, 'x', sizeof text - 1);
    say(0x01, text_of(text));
    for (size_t bytes = 120; bytes < 960; bytes += 120) {
        turn();
        ck_assert_uint_ge(held, bytes);
        ck_assert_uint_le(held, 1000);
        say(0x00, text_of(text));
    }
    say(0x80, TEXT(""));
    for (int i = 0; i < 10; i++)
        turn();
    ck_assert_uint_eq(held, 0);
    ck_assert_uint_gt(told.length, 960);
}
END_TEST

START_TEST(of_a_frame_that_is_begun_the_rest_is_kept_without_a_copy)
{
    buffer_t frame = long_frame('a'), copy = long_frame('a');
    const char *memory = frame.bytes;
    ck_assert_uint_eq(ws_connection_send(connection, buffer_text(&frame), &frame), copy.length);
    ck_assert_ptr_nonnull(memory);
    ck_assert_uint_eq(frame.length, 0); /* taken over */
    ck_assert(!ws_connection_ready(connection));
    expect_bytes(buffer_text(&copy));
    expect("ready\n");
    buffer_release(&frame);
    buffer_release(&copy);
}
END_TEST

START_TEST(of_a_frame_that_belongs_to_others_the_rest_is_copied)
{
    buffer_t frame = long_frame('a');
    ck_assert_uint_eq(ws_connection_send(connection, buffer_text(&frame), NULL), frame.length);
    buffer_t copy = long_frame('a');
    memset(frame.bytes, 'x', frame.length);
    expect_bytes(buffer_text(&copy));
    buffer_release(&frame);
    buffer_release(&copy);
}
END_TEST

START_TEST(a_frame_that_is_not_begun_stays_the_sender_s)
{
    buffer_t first = long_frame('a'), second = long_frame('b'), both = buffer_new(0);
    buffer_append(&both, buffer_text(&first));
    buffer_append(&both, buffer_text(&second));
    ck_assert_uint_eq(ws_connection_send(connection, buffer_text(&both), &both), first.length);
    ck_assert_uint_eq(both.length, first.length + second.length); /* it holds more than is kept */
    expect_bytes(buffer_text(&first));
    expect("ready\n");
    buffer_release(&first);
    buffer_release(&second);
    buffer_release(&both);
}
END_TEST

START_TEST(the_last_of_many_pings_is_answered_behind_the_frame_that_waits)
{
    buffer_t frame = long_frame('a'), expected = long_frame('a');
    ws_connection_send(connection, buffer_text(&frame), &frame);
    for (int i = 0; i < 10; i++)
        say(0x89, (text_t){"0123456789" + i, 1});
    turn();
    buffer_append(&expected, TEXT("\x8a\x01"
                                  "9"));
    expect_bytes(buffer_text(&expected));
    buffer_release(&frame);
    buffer_release(&expected);
}
END_TEST

START_TEST(no_pong_goes_out_behind_our_close)
{
    closes_at_ping = true;
    say(0x89, TEXT("1"));
    expect_bytes(TEXT("\x88\x02\x11\x4d"));
    closes_at_ping = false;
}
END_TEST

START_TEST(our_close_goes_out_behind_a_begun_frame_and_what_comes_then_is_discarded)
{
    buffer_t frame = long_frame('a'), expected = long_frame('a'), last = buffer_new(0);
    ws_connection_send(connection, buffer_text(&frame), &frame);
    frame_append_close(&last, 1012, TEXT("restart"));
    ws_connection_close(connection, buffer_text(&last));
    ck_assert(ws_connection_closing(connection));
    say(0x81, TEXT("too late"));
    say(0x89, TEXT("too late"));
    buffer_append(&expected, buffer_text(&last));
    expect_bytes(buffer_text(&expected));
    ck_assert_uint_eq(told.length, 0);
    say(0x88, TEXT("\x03\xf4"));
    expect("gone\n");
    buffer_release(&frame);
    buffer_release(&expected);
    buffer_release(&last);
}
END_TEST

START_TEST(the_peer_s_close_is_answered_with_its_code)
{
    say(0x88, TEXT("\x03\xe9going"));
    expect("gone\n");
    expect_bytes(TEXT("\x88\x02\x03\xe9"));
}
END_TEST

START_TEST(a_close_without_a_code_is_answered_as_a_normal_one)
{
    say(0x88, TEXT(""));
    expect("gone\n");
    expect_bytes(TEXT("\x88\x02\x03\xe8"));
}
END_TEST

START_TEST(a_broken_protocol_is_told_once_and_nothing_more_is_read)
{
    say(0x83, TEXT("no such opcode"));
    say(0x81, TEXT("more"));
    turn();
    turn();
    ck_assert_msg(text_starts_with(buffer_text(&told), TEXT("broken 1002 ")), "found %.*s", TEXT_ARG(buffer_text(&told)));
    const char *end = memchr(told.bytes, '\n', told.length);
    ck_assert_uint_eq((size_t)(end + 1 - told.bytes), told.length);
}
END_TEST

START_TEST(a_message_of_too_many_fragments_is_too_big)
{
    char part[101] = "";
    memset(part, 'p', 100);
    for (int i = 0; i < 11; i++)
        say(i == 0 ? 0x01 : 0x00, text_of(part));
    expect("broken 1009 the message is too long\n");
}
END_TEST

START_TEST(a_frame_that_would_be_too_long_is_too_big_before_it_is_there)
{
    static const char begun[] = "\x81\xff\x40\0\0\0\0\0\0\0\0\0\0\0x"; /* of 2^62 bytes */
    ck_assert_int_eq(send(peer, begun, sizeof begun - 1, MSG_NOSIGNAL), (ssize_t)(sizeof begun - 1));
    expect("broken 1009 the message is too long\n");
}
END_TEST

START_TEST(a_peer_that_goes_without_a_word_is_gone)
{
    close(peer);
    peer = -1;
    expect("gone\n");
}
END_TEST

START_TEST(a_close_that_nobody_answers_ends_in_time)
{
    ws_connection_close(connection, TEXT("\x88\x02\x03\xe8"));
    ws_connection_check(connection, clock_mono_ns());
    turn();
    ck_assert_uint_eq(told.length, 0);
    ws_connection_check(connection, clock_mono_ns() + 60 * NS_PER_S);
    expect("gone\n");
}
END_TEST

START_TEST(an_abort_sends_no_close)
{
    ws_connection_abort(connection);
    expect("gone\n");
    expect_bytes(TEXT(""));
}
END_TEST

START_TEST(what_came_with_the_handshake_is_read_first)
{
    ws_connection_take(connection, TEXT("\x81\x83\0\0\0\0one"));
    say(0x81, TEXT("two"));
    expect("text one\ntext two\n");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("ws_connection");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, messages_come_whole_and_control_frames_in_between_are_answered);
    tcase_add_test(tests, what_is_held_of_a_message_is_told_until_it_is_whole);
    tcase_add_test(tests, of_a_frame_that_is_begun_the_rest_is_kept_without_a_copy);
    tcase_add_test(tests, of_a_frame_that_belongs_to_others_the_rest_is_copied);
    tcase_add_test(tests, a_frame_that_is_not_begun_stays_the_sender_s);
    tcase_add_test(tests, no_pong_goes_out_behind_our_close);
    tcase_add_test(tests, the_last_of_many_pings_is_answered_behind_the_frame_that_waits);
    tcase_add_test(tests, our_close_goes_out_behind_a_begun_frame_and_what_comes_then_is_discarded);
    tcase_add_test(tests, the_peer_s_close_is_answered_with_its_code);
    tcase_add_test(tests, a_close_without_a_code_is_answered_as_a_normal_one);
    tcase_add_test(tests, a_broken_protocol_is_told_once_and_nothing_more_is_read);
    tcase_add_test(tests, a_message_of_too_many_fragments_is_too_big);
    tcase_add_test(tests, a_frame_that_would_be_too_long_is_too_big_before_it_is_there);
    tcase_add_test(tests, a_peer_that_goes_without_a_word_is_gone);
    tcase_add_test(tests, a_close_that_nobody_answers_ends_in_time);
    tcase_add_test(tests, an_abort_sends_no_close);
    tcase_add_test(tests, what_came_with_the_handshake_is_read_first);
    return RUN_TESTS("ws_connection", tests);
}
