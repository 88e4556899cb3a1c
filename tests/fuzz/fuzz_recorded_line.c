/* Lines of a recording: what is read is within the line, and a message that is recorded is read again as it was. */
#include "common/clock.h"
#include "connectord/recording/recorded_line.h"
#include "tests/fuzz/fuzz.h"

static void check_read(text_t line)
{
    recorded_line_t read = recorded_line_read(line);
    require(read.line < RECORDED_LINES_MAX && read.time_ns >= 0);
    require(read.message.length == 0 ||
            (read.message.at >= line.at && read.message.at + read.message.length <= line.at + line.length));
}

static void check_recorded(text_t message)
{
    buffer_t out = buffer_new(0);
    recorded_line_put_message(&out, INT64_C(1762795473) * NS_PER_S + 1, message);
    text_t line = {out.bytes, out.length - 1};
    require(out.bytes[line.length] == '\n' && !memchr(line.at, '\n', line.length));
    recorded_line_t read = recorded_line_read(line);
    require(read.kind == RECORDED_MESSAGE && read.time_ns == INT64_C(1762795473) * NS_PER_S + 1);
    require(read.message.length == message.length && line.length - message.length <= RECORDED_HEAD_MAX);
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t rest = {(const char *)data, size};
    if (size > 0)
        check_recorded(rest);
    while (rest.length > 0)
        check_read(take_until(&rest, '\n'));
    return 0;
}
