#include "gatewayd/streams/oldest.h"

enum { NS_DIGITS = 9 };

void oldest_put(const oldest_t *self, period_t visible, json_writer_t *json)
{
    json_open_object(json, NULL);
    cursor_put(json, "cursor", self->cursor);
    json_put_time(json, "time", self->time_ns, NS_DIGITS);
    if (self->until_ns != 0 && visible.before_ns == INT64_MAX)
        json_put_time(json, "until", self->until_ns, NS_DIGITS);
    else
        json_put_null(json, "until");
    json_close_object(json);
}
