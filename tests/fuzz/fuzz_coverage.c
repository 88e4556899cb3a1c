/* The data of a record of coverage: what is read is printed, and read again as the same. */
#include "cached/coverage/coverage_series.h"
#include "common/log.h"
#include "tests/fuzz/fuzz.h"

/* Each line is the data of a record; all are folded, and what they add up to is in order. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    log_set_level(LOG_LEVEL_ERROR);
    coverage_series_t *series = coverage_series_new();
    buffer_t out = buffer_new(0), again = buffer_new(0);
    coverage_t coverage, second;
    int64_t end_ns = INT64_MIN;
    for (text_t rest = {(const char *)data, size}; rest.length > 0;) {
        if (!coverage_parse(take_until(&rest, '\n'), &coverage))
            continue;
        buffer_clear(&out);
        buffer_clear(&again);
        coverage_print(&out, &coverage);
        require(buffer_ok(&out) && out.length <= COVERAGE_DATA_MAX && coverage_parse(buffer_text(&out), &second));
        coverage_print(&again, &second);
        require(text_equal(buffer_text(&out), buffer_text(&again)));
        require(coverage_series_put(series, &coverage));
    }
    for (size_t i = 0; i < coverage_series_count(series); i++) {
        coverage = coverage_series_at(series, i);
        require(coverage.from_ns >= end_ns && coverage.to_ns > coverage.from_ns);
        end_ns = coverage.to_ns;
    }
    coverage_series_destroy(&series);
    buffer_release(&out);
    buffer_release(&again);
    return 0;
}
