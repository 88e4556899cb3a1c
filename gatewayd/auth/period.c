#include "gatewayd/auth/period.h"

enum { NS_DIGITS = 9 };

void period_put(period_t self, json_writer_t *json)
{
    if (self.before_ns != INT64_MAX)
        json_put_time(json, "before", self.before_ns, NS_DIGITS);
    if (self.after_ns != INT64_MIN)
        json_put_time(json, "after", self.after_ns, NS_DIGITS);
}
