#include "common/numbers/histogram.h"

#include "common/clock.h"

#define US(number) ((number)*NS_PER_US)
#define MS(number) ((number)*NS_PER_MS)

const int64_t histogram_bounds_ns[HISTOGRAM_BOUNDS] = {
    US(10), US(25), US(50), US(100), US(250), US(500), MS(1),    MS(2) + US(500), MS(5),
    MS(10), MS(25), MS(50), MS(100), MS(250), MS(500), MS(1000), MS(2500),
};

void histogram_note(histogram_t *self, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    int place = 0;
    while (place < HISTOGRAM_BOUNDS && ns > histogram_bounds_ns[place])
        place++;
    self->counts[place]++;
    self->sum_ns += ns;
}
