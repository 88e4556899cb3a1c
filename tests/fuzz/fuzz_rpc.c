/* What a client asks by JSON-RPC while trades come and history answers. A line is what the client sends, or by its first letter
 *
 *     <    history's answer to the oldest question that is open, whatever it is
 *     =    the bus says from where it follows the stream
 *     +    a trade comes
 *     ~    half a second passes
 *
 * All that goes to the client is valid JSON in whole frames, and nothing is left behind when it leaves. */
#include "common/json/json.h"
#include "common/log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/gateway_fixture.h"

enum { LINES_MAX = 64, REQUESTS_MAX = 16 /* in one message: the fixture keeps so many questions for each */ };

static uint64_t seq;

static size_t occurrences(text_t text, const char *word)
{
    size_t count = 0, length = strlen(word);
    for (const char *at; text.length >= length && (at = memmem(text.at, text.length, word, length)); count++)
        text = (text_t){at + length, text.length - (size_t)(at + length - text.at)};
    return count;
}

static void answer_oldest(text_t answer)
{
    if (fixture.asked_count == 0)
        return;
    asked_request_t asked = fixture.asked[0];
    memmove(fixture.asked, fixture.asked + 1, --fixture.asked_count * sizeof *fixture.asked);
    asked.done(asked.arg, answer);
}

static void follow_bus(void)
{
    live_stream_t *live_stream = markets_stream(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, seq});
    if (live_stream)
        fanout_stream(&fixture.hub, live_stream);
    subscribe_tick(&fixture.hub);
}

static void trade_comes(void)
{
    seq++;
    trades_come(seq, seq);
}

static void check_sent(void)
{
    for (text_t message = take(); message.length > 0; message = take())
        require(fixture.wire.closed || json_valid(message));
}

static void play(text_t line)
{
    fixture.deaf = fixture.asked_count > FIXTURE_ASKED_MAX / 2;
    if (text_starts_with(line, TEXT("<")))
        answer_oldest((text_t){line.at + 1, line.length - 1});
    else if (text_starts_with(line, TEXT("+")))
        trade_comes();
    else if (text_starts_with(line, TEXT("=")))
        follow_bus();
    else if (text_starts_with(line, TEXT("~")))
        pass_ms(500);
    else if (occurrences(line, "method") <= REQUESTS_MAX)
        peer_says(fixture.client, line);
    if (!fixture.wire.closed)
        client_pump(fixture.client);
    check_sent();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t rest = {(const char *)data, size};
    log_set_level(LOG_LEVEL_ERROR);
    fixture_setup();
    hear("a", true, "{\"BTC-USD\":10,\"ETH-USD\":0}");
    seq = 10;
    for (size_t i = 0; i < LINES_MAX && rest.length > 0 && !fixture.wire.closed; i++)
        play(take_until(&rest, '\n'));
    fixture_teardown();
    return 0;
}
