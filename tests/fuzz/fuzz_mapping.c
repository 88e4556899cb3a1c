/* A mapping in the first line, and a message in the rest: whatever they are, a record that comes of them is valid, and a fault says why. */
#include "common/json/json.h"
#include "connectord/mapping/mapping_test.h"
#include "tests/fuzz/fuzz.h"

static uint64_t records, faults;

static void on_record(void *arg, const mapping_record_t *record)
{
    const char *wrong;
    (void)arg;
    records++;
    if (!text_equal(record->channel, TEXT("trades"))) {
        require(json_valid(record->data) && record->data.length <= RECORD_DATA_MAX);
        return;
    }
    trade_t trade = record->trade;
    trade.source = TEXT("a");
    require(trade_valid(&trade, &wrong));
    require(trade.timestamp_ns == record->timestamp_ns);
}

static void on_fault(void *arg, const char *reason, text_t sample)
{
    (void)arg;
    (void)sample;
    faults++;
    require(reason[0] != '\0');
}

static bool on_key(void *arg, text_t channel, text_t native, text_t *key)
{
    (void)arg;
    (void)channel;
    *key = native;
    return native.length > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mapping_events_t events = {.record = on_record, .fault = on_fault, .key = on_key};
    char error[MAPPING_ERROR_MAX] = "";
    text_t input = {(const char *)data, size};
    const char *line = size > 0 ? memchr(input.at, '\n', size) : NULL;
    size_t length = line ? (size_t)(line - input.at) : size;
    mapping_t *mapping = mapping_load((text_t){input.at, length}, error);
    if (!mapping) {
        require(strncmp(error, "mapping", 7) == 0);
        return 0;
    }
    records = faults = 0;
    mapping_run(mapping, (text_t){input.at + length, size - length}, 0, &events, NULL);
    require(mapping_counts(mapping)->records == records && mapping_counts(mapping)->faults == faults);
    mapping_destroy(&mapping);
    return 0;
}
