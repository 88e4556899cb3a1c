/* Prints numbers in Prometheus's text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), when they are asked for.
 *
 * There is no registry: the parts keep plain numbers in plain structs, which cost nothing between two scrapes.
 * Names begin with dataflow_, are in base units (seconds, bytes), and end with _total for what only ever grows.
 *
 *     metrics_t metrics = {.out = &text};
 *     metrics_family(&metrics, "dataflow_source_gaps_total", METRIC_COUNTER, "Holes in the exchange's own numbering");
 *     metrics_u64(&metrics, METRIC_LABELS({"source", name}), gaps);
 */
#pragma once

#include "common/buffer.h"
#include "common/numbers/histogram.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef enum { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM } metric_type_t;

typedef struct {
    buffer_t *out;
    const char *family; /* that samples belong to now; what was given, not a copy */
} metrics_t;

typedef struct {
    const char *name;
    text_t value; /* UTF-8; escaped here */
} metric_label_t;

/* Labels of a sample, as an array that ends with a zeroed one; NULL for none. */
#define METRIC_LABELS(...) ((const metric_label_t[]){__VA_ARGS__, {0}})

/* Starts a family: all samples of one name follow one another. help: without backslashes and line breaks. */
void metrics_family(metrics_t *self, const char *name, metric_type_t type, const char *help);

/* A sample of the family. */
void metrics_u64(metrics_t *self, const metric_label_t *labels, uint64_t value);
void metrics_seconds(metrics_t *self, const metric_label_t *labels, int64_t ns);
void metrics_histogram(metrics_t *self, const metric_label_t *labels, const histogram_t *histogram);

/* A family with one sample and no label. */
void metrics_counter(metrics_t *self, const char *name, const char *help, uint64_t value);
void metrics_gauge(metrics_t *self, const char *name, const char *help, uint64_t value);

/* A counter that is an uint64_t in some struct. */
typedef struct {
    const char *name, *help;
    size_t offset;
} metric_count_t;

/* Many of them, in the struct that `counts` points to: a family each. */
void metrics_counters(metrics_t *self, const metric_count_t *list, size_t length, const void *counts);
