#include "tests/simulator/trade.h"

void trade_write(text_writer_t *out, const trade_fields_t *fields)
{
    writer_text(out, "\"symbol\":\"");
    writer_text(out, fields->symbol);
    writer_text(out, "\",\"timestamp\":\"");
    writer_text(out, fields->timestamp);
    writer_text(out, "\",\"side\":\"");
    writer_text(out, fields->side);
    writer_text(out, "\",\"qty\":");
    writer_text(out, fields->qty);
    writer_text(out, ",\"price\":");
    writer_text(out, fields->price);
    writer_text(out, ",\"trade_id\":\"");
    writer_text(out, fields->trade_id);
    writer_text(out, "\"");
}

void trade_write_message(text_writer_t *out, uint64_t seqnum, const char *members, size_t length)
{
    writer_text(out, "{\"seqnum\":");
    writer_unsigned(out, seqnum);
    writer_text(out, ",\"event\":\"updated\",\"channel\":\"trades\",");
    writer_bytes(out, members, length);
    writer_text(out, "}");
}
