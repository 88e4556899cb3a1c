/* permessage-deflate: whatever is expanded stays within the limit, and what was expanded, or any bytes in two pieces, comes back the same when it is
 * compressed and expanded. The same bytes as an offer are taken or not, and never read beyond. */
#include "common/websocket/pack.h"
#include "tests/fuzz/fuzz.h"

enum { LIMIT = 1 << 16, OFFERS = 4 };

static void check_back(text_t message, size_t cut)
{
    text_t pieces[] = {{message.at, cut}, {message.at + cut, message.length - cut}};
    static char packed[LIMIT * 2];
    size_t room = message.length * 2 + 64;
    size_t length = pack_message(pieces, 2, packed, room < sizeof packed ? room : sizeof packed);
    require(length > 0 && length <= room);
    buffer_t again = buffer_new(LIMIT);
    require(unpack_message((text_t){packed, length}, &again) == UNPACK_DONE);
    require(text_equal(buffer_text(&again), message));
    buffer_release(&again);
    char little[8];
    require(pack_message(pieces, 2, little, sizeof little) <= sizeof little);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t bytes = {(const char *)data, size};
    if (size == 0)
        return 0;
    pack_terms_t terms;
    for (size_t number = 0; number < OFFERS; number++)
        pack_accepts(bytes, number, &terms);
    buffer_t out = buffer_new(LIMIT);
    if (unpack_message(bytes, &out) == UNPACK_DONE && out.length > 0)
        check_back(buffer_text(&out), data[0] % out.length);
    require(out.length <= LIMIT);
    buffer_release(&out);
    if (size <= LIMIT)
        check_back(bytes, data[0] % size);
    return 0;
}
