/* The body of a POST, as JSON or (behind an 'n') as lines: each record is within it, behind the one before, and they come to an end. */
#include "connectord/push/push_body.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    push_body_t body;
    text_t record;
    const char *wrong = NULL, *behind = (const char *)data;
    if (size == 0)
        return 0;
    text_t input = {(const char *)data + 1, size - 1};
    push_form_t form = data[0] == 'n' ? PUSH_NDJSON : PUSH_JSON, found;
    require(!push_form_of(input, &found) || found == PUSH_JSON || found == PUSH_NDJSON);
    if (!push_body_open(&body, form, input, &wrong)) {
        require(form == PUSH_JSON && wrong);
        return 0;
    }
    for (size_t count = 1; push_body_next(&body, &record); count++) {
        require(record.length > 0 && record.at >= behind && record.at + record.length <= input.at + input.length);
        require(body.number == count && (form == PUSH_NDJSON || json_valid(record)));
        behind = record.at + record.length;
    }
    return 0;
}
