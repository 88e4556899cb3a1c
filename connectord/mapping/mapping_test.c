#include "connectord/mapping/mapping_test.h"

#include "common/json/json.h"
#include "connectord/mapping/compact.h"

#include <stdio.h>

enum { FOUND_MAX = 120, TEXT_MAX_BYTES = 4096 };

/* One test that runs. */
typedef struct {
    text_t symbols, fault; /* raw; empty where absent */
    json_walk_t expected;  /* the records that are still to come */
    size_t records;
    bool faulty; /* the fault has come */
    bool failed;
    char *error;
    char where[48];
} mapping_test_t;

#define SHORT(text) TEXT_ARG(text_cut((text), FOUND_MAX))

static void fail(mapping_test_t *self, const char *what, text_t expected, text_t found)
{
    if (self->failed)
        return; /* the first counts */
    self->failed = true;
    snprintf(self->error, MAPPING_ERROR_MAX, "%s: %s: expected %.*s, found %.*s", self->where, what, SHORT(expected),
             SHORT(found));
}

static bool means(text_t raw, char room[static TEXT_MAX_BYTES], text_t *text)
{
    *text = raw;
    return json_kind(raw) != JSON_STRING || (raw.length <= TEXT_MAX_BYTES && json_string(raw, room, text));
}

static text_t member_of(const mapping_record_t *record, text_t name)
{
    const trade_t *trade = &record->trade;
    const struct {
        const char *name;
        text_t text;
    } members[] = {{"channel", record->channel},
                   {"symbol", record->key},
                   {"key", record->key},
                   {"id", record->id},
                   {"timestamp", record->timestamp},
                   {"data", record->data},
                   {"price", trade->price},
                   {"qty", trade->qty},
                   {"side", trade->side == SIDE_BUY ? TEXT("buy") : TEXT("sell")}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (text_equal(name, text_of(members[i].name)))
            return members[i].text;
    }
    return (text_t){NULL, 0};
}

static void compare(mapping_test_t *self, const mapping_record_t *record, text_t expected)
{
    char room[TEXT_MAX_BYTES];
    for (json_walk_t walk = json_walk(expected); json_next(&walk);) {
        char name[FOUND_MAX];
        text_t found = member_of(record, walk.key), text;
        bool json = text_equal(walk.key, TEXT("data"));
        snprintf(name, sizeof name, "record %zu: %.*s", self->records, SHORT(walk.key));
        if (json)
            text = (text_t){room, compact_json(walk.value, room, sizeof room)};
        if (!found.at)
            fail(self, name, TEXT("a member of a record"), walk.key);
        else if (!json && !means(walk.value, room, &text))
            fail(self, name, TEXT("a text"), walk.value);
        else if (!text_equal(text, found))
            fail(self, name, text, found);
    }
}

static void on_record(void *arg, const mapping_record_t *record)
{
    mapping_test_t *self = arg;
    self->records++;
    if (json_next(&self->expected))
        compare(self, record, self->expected.value);
    else
        fail(self, "records", TEXT("no more"), record->key);
}

static void on_fault(void *arg, const char *reason, text_t sample)
{
    mapping_test_t *self = arg;
    char room[TEXT_MAX_BYTES];
    text_t expected;
    (void)sample;
    self->faulty =
        self->fault.at && means(self->fault, room, &expected) && memmem(reason, strlen(reason), expected.at, expected.length);
    if (!self->faulty)
        fail(self, "fault", self->fault.at ? self->fault : TEXT("none"), text_of(reason));
}

static bool on_key(void *arg, text_t channel, text_t native, text_t *key)
{
    const mapping_test_t *self = arg;
    (void)channel;
    *key = native;
    for (json_walk_t walk = json_walk(self->symbols); self->symbols.at && json_next(&walk);) {
        if (text_equal(walk.key, native) && json_plain_string(walk.value, key))
            break;
    }
    return true;
}

static const mapping_events_t events = {.record = on_record, .fault = on_fault, .key = on_key};

static bool run_test(mapping_t *self, text_t test, mapping_test_t *run)
{
    text_t message = json_member(test, "message"), records = json_member(test, "records");
    run->symbols = json_member(test, "symbols");
    run->fault = json_member(test, "fault");
    run->expected = json_walk(records);
    if (!message.at || (!records.at && !run->fault.at)) {
        fail(run, "test", TEXT("message, and records or fault"), test);
        return false;
    }
    mapping_run(self, message, 0, &events, run);
    if (json_next(&run->expected))
        fail(run, "records", run->expected.value, TEXT("no more"));
    if (run->fault.at && !run->faulty)
        fail(run, "fault", run->fault, TEXT("none"));
    return !run->failed;
}

static bool run_tests(mapping_t *self, text_t rule, const char *path, char *error)
{
    text_t tests = json_member(rule, "tests");
    size_t number = 0;
    for (json_walk_t walk = json_walk(tests); tests.at && json_next(&walk); number++) {
        mapping_test_t run = {.error = error};
        snprintf(run.where, sizeof run.where, "%s.tests[%zu]", path, number);
        if (!run_test(self, walk.value, &run))
            return false;
    }
    return true;
}

static bool run_all(mapping_t *self, text_t json, char *error)
{
    if (json_kind(json) == JSON_OBJECT)
        return run_tests(self, json, "mapping", error);
    size_t number = 0;
    for (json_walk_t walk = json_walk(json); json_next(&walk); number++) {
        char path[32];
        snprintf(path, sizeof path, "mapping[%zu]", number);
        if (!run_tests(self, walk.value, path, error))
            return false;
    }
    return true;
}

mapping_t *mapping_load(text_t json, char error[static MAPPING_ERROR_MAX])
{
    mapping_t *tried = mapping_new(json, error), *self = NULL;
    while (json.length > 0 && json_kind(json) == JSON_NONE)
        json = (text_t){json.at + 1, json.length - 1}; /* valid: there is a value */
    if (tried && run_all(tried, json, error))
        self = mapping_new(json, error); /* one that has counted nothing */
    mapping_destroy(&tried);
    return self;
}
