/* Compressed frames: made once in a ring of their own, for all who take them. */
#include "tests/unit/gateway_fixture.h"

#include "common/websocket/pack.h"

#define LONG_PARAMS "{\"symbol\":\"BTC-USD\",\"timestamp\":\"2026-01-01T00:00:00.0Z\",\"before\":\"2026-01-01T00:00:00.0Z\"}"

static client_link_t deflate_link;

/* The text of the next frame; *packed: it came compressed. */
static buffer_t next_text(text_t *frames, bool *packed)
{
    buffer_t text = buffer_new(0);
    text_t payload;
    *packed = (frames->at[0] & 0x40) != 0;
    ck_assert(frame_next(frames, &payload));
    if (*packed)
        ck_assert_int_eq(unpack_message(payload, &text), UNPACK_DONE);
    else
        buffer_append(&text, payload);
    return text;
}

static void expect_text(text_t *frames, bool wants_packed, text_t expected)
{
    bool packed;
    buffer_t text = next_text(frames, &packed);
    ck_assert_int_eq(packed, wants_packed);
    ck_assert_msg(text_equal(buffer_text(&text), expected), "expected %.*s, found %.*s", TEXT_ARG(expected),
                  TEXT_ARG(buffer_text(&text)));
    buffer_release(&text);
}

/* The fixture's client, with a link that takes compressed frames. */
static void take_compressed(void)
{
    deflate_link = wire_link;
    deflate_link.deflates = true;
    fixture.client->talk.end.link = &deflate_link;
}

static live_stream_t *btc(void)
{
    return market_find(markets_find(fixture.hub.markets, TEXT("BTC-USD")), TEXT("a"));
}

START_TEST(a_frame_expands_to_the_same_text)
{
    char frame[1024];
    size_t most = frame_notify_length(DIALECT_DEFLATE, TEXT("trades.update"), TEXT(LONG_PARAMS));
    for (int i = 0; i < 3; i++) { /* each with nothing of the one before */
        size_t length = frame_notify(DIALECT_DEFLATE, frame, TEXT("trades.update"), TEXT(LONG_PARAMS));
        ck_assert_uint_lt(length, most);
        text_t frames = {frame, length};
        expect_text(&frames, true, TEXT("{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\",\"params\":" LONG_PARAMS "}"));
        ck_assert_uint_eq(frames.length, 0);
    }
}
END_TEST

START_TEST(what_does_not_get_shorter_stays_as_it_is)
{
    char frame[256];
    size_t length = frame_notify(DIALECT_DEFLATE, frame, TEXT("x"), TEXT("1"));
    ck_assert_uint_eq(length, frame_notify_length(DIALECT_RPC, TEXT("x"), TEXT("1")));
    text_t frames = {frame, length};
    expect_text(&frames, false, TEXT("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":1}"));
}
END_TEST

START_TEST(headers_of_any_length_fit_what_is_behind_them)
{
    static const size_t lengths[] = {100, 126, 150, 200, 300, 5000, 65536, 70000, 200000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char *text = malloc(lengths[i]);
        buffer_t plain = buffer_new(0), packed = buffer_new(0);
        for (size_t k = 0; k < lengths[i]; k++)
            text[k] = (char)('a' + (k * k / 7 + k / 50) % 20);
        frame_append_text(&plain, (text_t){text, lengths[i]});
        frame_append_deflated(&packed, buffer_text(&plain));
        text_t frames = buffer_text(&packed);
        ck_assert_uint_le(frames.length, plain.length);
        expect_text(&frames, (packed.bytes[0] & 0x40) != 0, (text_t){text, lengths[i]});
        ck_assert_uint_eq(frames.length, 0);
        buffer_release(&plain);
        buffer_release(&packed);
        free(text);
    }
}
END_TEST

START_TEST(a_ring_of_them_holds_the_same_trades)
{
    ring_t *ring = ring_new(RING_BYTES_MIN, (cursor_t){1, 0});
    char params[256];
    for (uint64_t seq = 1; seq <= 300; seq++) {
        snprintf(params, sizeof params, "{\"seq\":%llu,\"more\":%s}", (unsigned long long)seq, LONG_PARAMS);
        ring_append_trade(ring, (cursor_t){1, seq}, text_of(params));
    }
    ring_t *other = ring_render(ring, DIALECT_DEFLATE);
    for (uint64_t seq = 301; seq <= 2000; seq++) {
        snprintf(params, sizeof params, "{\"seq\":%llu,\"more\":%s}", (unsigned long long)seq, LONG_PARAMS);
        ring_append_trade(ring, (cursor_t){1, seq}, text_of(params));
        ring_append_trade(other, (cursor_t){1, seq}, text_of(params));
    }
    ck_assert_uint_le(ring_floor(other).seq, ring_floor(ring).seq);
    uint64_t position, plain_position, seq = ring_floor(ring).seq;
    cursor_t last;
    ck_assert(ring_find(other, ring_floor(ring), &position) && ring_find(ring, ring_floor(ring), &plain_position));
    text_t run = ring_read(other, position, &last), plain = ring_read(ring, plain_position, &last), payload;
    ck_assert_uint_lt(run.length, plain.length);
    while (frame_next(&plain, &payload)) {
        expect_text(&run, true, payload);
        seq++;
    }
    ck_assert_uint_eq(seq, 2000);
    ring_destroy(&ring);
    ring_destroy(&other);
}
END_TEST

START_TEST(their_ring_is_there_while_somebody_reads_it)
{
    take_compressed();
    hear("a", true, "{\"BTC-USD\":10}");
    peer_says(fixture.client, text_of(SUBSCRIBE("")));
    follow(BTC, FIXTURE_EPOCH, 10);
    ck_assert_ptr_nonnull(btc()->others[DIALECT_DEFLATE]);
    wire_t other = {.sent = buffer_new(0)};
    client_t *plain = peer_new(&fixture.hub, &wire_link, &other);
    peer_says(plain, text_of(SUBSCRIBE("")));
    readers_unsubscribe(readers_subscription(&fixture.client->readers, TEXT("BTC-USD")));
    ck_assert_ptr_null(btc()->others[DIALECT_DEFLATE]);
    peer_leaves(&plain);
    buffer_release(&other.sent);
}
END_TEST

static void expect_seqs(buffer_t *text, uint64_t from, uint64_t to)
{
    char find[32];
    for (uint64_t seq = from; seq <= to; seq++) {
        snprintf(find, sizeof find, "\"seq\":%llu", (unsigned long long)seq);
        ck_assert_msg(memmem(text->bytes, text->length, find, strlen(find)), "%s in %.*s", find, TEXT_ARG(buffer_text(text)));
    }
    buffer_release(text);
}

static text_t new_frames(void)
{
    text_t frames = {fixture.wire.sent.bytes + fixture.wire.taken, fixture.wire.sent.length - fixture.wire.taken};
    fixture.wire.taken = fixture.wire.sent.length;
    return frames;
}

START_TEST(who_changes_to_batches_reads_another_ring)
{
    bool packed;
    take_compressed();
    hear("a", true, "{\"BTC-USD\":10}");
    peer_says(fixture.client, text_of(SUBSCRIBE("")));
    follow(BTC, FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    new_frames();
    trades_come(11, 12);
    text_t frames = new_frames();
    for (uint64_t seq = 11; seq <= 12; seq++) {
        buffer_t text = next_text(&frames, &packed);
        ck_assert(packed);
        expect_seqs(&text, seq, seq);
    }
    peer_says(fixture.client, text_of(SUBSCRIBE(",\"batch\":true")));
    ck_assert_ptr_null(btc()->others[DIALECT_DEFLATE]);
    client_pump(fixture.client);
    new_frames();
    trades_come(13, 30);
    frames = new_frames();
    buffer_t text = next_text(&frames, &packed);
    ck_assert(packed);
    ck_assert_int_eq(text.bytes[0], '[');
    expect_seqs(&text, 13, 30);
    ck_assert_uint_eq(frames.length, 0);
    peer_says(fixture.client, text_of(SUBSCRIBE("")));
    ck_assert_ptr_nonnull(btc()->others[DIALECT_DEFLATE]);
    new_frames();
    trades_come(31, 31);
    frames = new_frames();
    text = next_text(&frames, &packed);
    ck_assert(packed);
    ck_assert_int_eq(text.bytes[0], '{');
    expect_seqs(&text, 31, 31);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_frame_expands_to_the_same_text,
        what_does_not_get_shorter_stays_as_it_is,
        headers_of_any_length_fit_what_is_behind_them,
        a_ring_of_them_holds_the_same_trades,
        their_ring_is_there_while_somebody_reads_it,
        who_changes_to_batches_reads_another_ring,
    };
    return RUN_TESTS("deflated frames", TEST_CASE(fixture_setup, fixture_teardown, tests));
}
