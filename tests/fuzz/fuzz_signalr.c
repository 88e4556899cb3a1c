/* Records at whatever borders: what reaches the client is text, and what goes out are records of valid JSON in frames. The
 * first byte says where the bytes are cut in two. */
#include "common/json/json.h"
#include "gatewayd/doors/signalr.h"
#include "tests/fuzz/fuzz.h"

enum { RECORD_BYTES = 1024 };

static void receive(struct rpc_session *rpc, text_t message)
{
    require(!rpc && message.length <= RECORD_BYTES && text_is_utf8(message));
}

void conversation_send_frame(conversation_t *self, text_t frame)
{
    text_t record;
    require(self && frame_next(&frame, &record) && frame.length == 0);
    require(record.length > 2 && record.at[record.length - 1] == 0x1e);
    require(json_valid((text_t){record.at, record.length - 1}));
}

uint64_t conversation_limited(conversation_t *self)
{
    require(self);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    conversation_t talk = {.end.closing = false};
    text_t bytes = {(const char *)data + 1, size - 1};
    size_t cut = bytes.length ? data[0] % bytes.length : 0;
    signalr_t *signalr = signalr_new(&talk, NULL, receive, RECORD_BYTES, 0);
    if (!signalr)
        return 0;
    if (text_is_utf8(bytes)) {
        signalr_receive(signalr, TEXT("{\"protocol\":\"json\",\"version\":1}\x1e"));
        signalr_receive(signalr, (text_t){bytes.at, cut});
        signalr_receive(signalr, (text_t){bytes.at + cut, bytes.length - cut});
    }
    signalr_destroy(&signalr);
    return 0;
}
