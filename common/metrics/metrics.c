#include "common/metrics/metrics.h"

#include "common/clock.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

static void put_label_value(buffer_t *out, text_t value)
{
    buffer_append(out, TEXT("\""));
    for (size_t i = 0; i < value.length; i++) {
        const char *c = &value.at[i];
        if (*c == '\n')
            buffer_append(out, TEXT("\\n"));
        else if (*c == '"' || *c == '\\')
            buffer_append(out, (text_t){(const char[]){'\\', *c}, 2});
        else
            buffer_append(out, (text_t){c, 1});
    }
    buffer_append(out, TEXT("\""));
}

/* The beginning of a line, up to the value. le: the bound of a histogram's bucket, or NULL. */
static void put_sample(metrics_t *self, const char *suffix, const metric_label_t *labels, const char *le)
{
    const char *before = "{";
    buffer_printf(self->out, "%s%s", self->family, suffix);
    for (; labels && labels->name; labels++) {
        buffer_printf(self->out, "%s%s=", before, labels->name);
        put_label_value(self->out, labels->value);
        before = ",";
    }
    if (le)
        buffer_printf(self->out, "%sle=\"%s\"", before, le);
    buffer_append(self->out, le || *before == ',' ? TEXT("} ") : TEXT(" "));
}

static void put_u64(metrics_t *self, uint64_t value)
{
    buffer_append_u64(self->out, value);
    buffer_append(self->out, TEXT("\n"));
}

static void put_seconds(metrics_t *self, int64_t ns)
{
    uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    buffer_printf(self->out, "%s%" PRIu64 ".%09" PRIu64 "\n", ns < 0 ? "-" : "", size / NS_PER_S, size % NS_PER_S);
}

void metrics_family(metrics_t *self, const char *name, metric_type_t type, const char *help)
{
    self->family = name;
    buffer_printf(self->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type_names[type]);
}

void metrics_u64(metrics_t *self, const metric_label_t *labels, uint64_t value)
{
    put_sample(self, "", labels, NULL);
    put_u64(self, value);
}

void metrics_seconds(metrics_t *self, const metric_label_t *labels, int64_t ns)
{
    put_sample(self, "", labels, NULL);
    put_seconds(self, ns);
}

void metrics_histogram(metrics_t *self, const metric_label_t *labels, const histogram_t *histogram)
{
    uint64_t up_to = 0;
    for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
        char le[32];
        snprintf(le, sizeof le, "%g", (double)histogram_bounds_ns[i] / NS_PER_S);
        up_to += histogram->counts[i];
        put_sample(self, "_bucket", labels, le);
        put_u64(self, up_to);
    }
    up_to += histogram->counts[HISTOGRAM_BOUNDS];
    put_sample(self, "_bucket", labels, "+Inf");
    put_u64(self, up_to);
    put_sample(self, "_sum", labels, NULL);
    put_seconds(self, histogram->sum_ns);
    put_sample(self, "_count", labels, NULL);
    put_u64(self, up_to);
}

void metrics_counter(metrics_t *self, const char *name, const char *help, uint64_t value)
{
    metrics_family(self, name, METRIC_COUNTER, help);
    metrics_u64(self, NULL, value);
}

void metrics_gauge(metrics_t *self, const char *name, const char *help, uint64_t value)
{
    metrics_family(self, name, METRIC_GAUGE, help);
    metrics_u64(self, NULL, value);
}

static uint64_t count_of(const metric_count_t *count, const void *counts)
{
    uint64_t value;
    memcpy(&value, (const char *)counts + count->offset, sizeof value);
    return value;
}

void metrics_counters(metrics_t *self, const metric_count_t *list, size_t length, const void *counts)
{
    for (size_t i = 0; i < length; i++)
        metrics_counter(self, list[i].name, list[i].help, count_of(&list[i], counts));
}
