#include "common/clock.h"
#include "common/json/json_write.h"
#include "connectord/sources/feed.h"
#include "connectord/sources/feed_state.h"
#include "proto/status_upstream.h"
#include "proto/topic.h"

enum { CHANNELS_MAX = 64 };

/* ,"coverage.BTC-USD":3 */
static void print_cover_seq(const feed_route_t *route, uint64_t (*seq)(const journal_stream_t *stream), uint64_t none,
                            buffer_t *out)
{
    char subject[SUBJECT_MAX];
    uint64_t number = route->cover.stream ? seq(route->cover.stream) : 0;
    if (number == 0 || number == none)
        return;
    buffer_append(out, TEXT(","));
    buffer_append_json_string(out, (text_t){subject, subject_print(subject, TEXT("coverage"), route->symbol)});
    buffer_append(out, TEXT(":"));
    buffer_append_u64(out, number);
}

/* {"BTC-USD":42,…} with a number for each stream; left out where it is `none`. */
static text_t print_seqs(feed_t *self, buffer_t *out, uint64_t (*seq)(const journal_stream_t *stream), uint64_t none)
{
    const char *before = "{";
    buffer_clear(out);
    for (size_t i = 0; i < self->count; i++) {
        uint64_t number = seq(self->routes[i]->stream);
        if (number == none)
            continue;
        buffer_append(out, text_of(before));
        buffer_append_json_string(out, self->routes[i]->symbol);
        buffer_append(out, TEXT(":"));
        buffer_append_u64(out, number);
        before = ",";
        print_cover_seq(self->routes[i], seq, none, out);
    }
    if (out->length == 0)
        buffer_append(out, TEXT("{"));
    buffer_append(out, TEXT("}"));
    return buffer_ok(out) ? buffer_text(out) : TEXT("{}");
}

/* A source whose trades can't be journaled is unusable, however healthy it is; and what did not get there was not published. */
static void describe_unjournaled(const feed_t *self, status_t *status)
{
    text_t reason = backpressure_reason(self->shared->backpressure);
    status->unjournaled = self->unjournaled.lost;
    status->trades -= self->unjournaled.waiting + self->unjournaled.lost;
    if (reason.length == 0)
        return;
    status->health = 0;
    if (status->connected)
        status->reason = reason;
}

static bool is_latest(text_t latest, text_t channel)
{
    text_t name;
    for (json_walk_t walk = json_walk(latest); json_next(&walk);)
        if (json_plain_string(walk.value, &name) && text_equal(name, channel))
            return true;
    return false;
}

/* {"readings":"latest",…}, of the channels among its subjects. */
static text_t print_channels(feed_t *self)
{
    const source_config_t *config = redundant_lines_config(self->lines);
    text_t channels[CHANNELS_MAX], channel, key;
    size_t count = 0;
    buffer_clear(&self->channels);
    json_writer_t json = json_write(&self->channels);
    json_open_object(&json, NULL);
    for (size_t i = 0, known = 0; i < config->symbol_count && count < CHANNELS_MAX; i++, known = 0) {
        subject_split(config->symbols[i], &channel, &key);
        while (known < count && !text_equal(channels[known], channel))
            known++;
        if (known < count || subject_is_symbol(config->symbols[i]))
            continue;
        channels[count++] = channel;
        json_put_name(&json, channel);
        json_put_text(&json, NULL, is_latest(config->latest, channel) ? TEXT("latest") : TEXT("log"));
    }
    json_close_object(&json);
    return buffer_ok(&self->channels) ? buffer_text(&self->channels) : TEXT("{}");
}

/* {"BTC-USD":{"count":2,…},…}: the symbols that lack trades for good. */
static text_t print_holes(feed_t *self)
{
    buffer_t *out = &self->holes;
    buffer_clear(out);
    buffer_append(out, TEXT("{"));
    for (size_t i = 0; i < self->count; i++) {
        const feed_route_t *route = self->routes[i];
        const cover_hole_t *last = &route->cover.holes.last;
        if (route->cover.holes.count == 0)
            continue;
        buffer_append(out, out->length > 1 ? TEXT(",") : TEXT(""));
        status_put_hole(out, &(status_hole_t){route->symbol, route->cover.holes.count, last->known, last->missing,
                                              last->from_ns, last->to_ns, last->before});
    }
    buffer_append(out, TEXT("}"));
    return buffer_ok(out) ? buffer_text(out) : TEXT("{}");
}

/* {"BTC-USD":{"missing":120,"late":false},…}: the symbols that are asked for. */
static text_t print_backfills(feed_t *self)
{
    buffer_t *out = &self->backfills;
    buffer_clear(out);
    buffer_append(out, TEXT("{"));
    for (size_t i = 0; i < self->count; i++) {
        const backfill_t *backfill = &self->routes[i]->asked.backfill;
        if (!backfill->busy)
            continue;
        buffer_append(out, out->length > 1 ? TEXT(",") : TEXT(""));
        status_put_backfill(
            out, &(status_backfill_t){self->routes[i]->symbol, !backfill->open, backfill_missing(backfill), backfill->late});
    }
    buffer_append(out, TEXT("}"));
    return buffer_ok(out) ? buffer_text(out) : TEXT("{}");
}

feed_asked_t feed_asked(const feed_t *self)
{
    const past_asker_counts_t *counts = self->asker ? past_asker_counts(self->asker) : &(past_asker_counts_t){0};
    feed_asked_t asked = {.source = redundant_lines_config(self->lines)->name,
                          .requests = counts->requests,
                          .failures = counts->failures,
                          .trades = counts->trades,
                          .contradictions = counts->contradictions,
                          .malformed = counts->malformed,
                          .late = self->late,
                          .given_up = self->given_up};
    for (size_t i = 0; i < self->count; i++) {
        const backfill_t *backfill = &self->routes[i]->asked.backfill;
        asked.late += backfill->busy ? backfill->outcome.late : 0;
        asked.given_up += backfill->busy ? backfill->outcome.given_up : 0;
        asked.missing += backfill_missing(backfill);
    }
    return asked;
}

status_t feed_status(feed_t *self, status_event_t event)
{
    status_t status = {0};
    journal_flush(self->shared->journal); /* what the status says of its streams must not come before their trades */
    redundant_lines_describe(self->lines, &status);
    describe_unjournaled(self, &status);
    status.lines = (uint32_t)redundant_lines_count(self->lines);
    status.lines_connected = (uint32_t)redundant_lines_connected(self->lines);
    status.saved = self->saved;
    status.id_conflicts = self->oddities.id_conflicts;
    status.future = self->oddities.future;
    status.channels = print_channels(self);
    status.holes = print_holes(self);
    status.backfill = print_backfills(self);
    status.group = redundant_lines_config(self->lines)->group;
    status.active = !feed_stands_by(self);
    status.event = event;
    status.time_ns = clock_real_ns();
    status.epoch = journal_epoch(self->shared->journal);
    status.run = self->shared->run;
    status.former_epoch = journal_former_epoch(self->shared->journal);
    if (status.former_epoch)
        status.former = print_seqs(self, &self->former, journal_former_last, 0);
    status.symbols = print_seqs(self, &self->symbols, journal_last, UINT64_MAX);
    return status;
}
