#include "connectord/sources/cover.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/timestamp.h"
#include "proto/record.h"
#include "proto/trade.h"

enum { KNOWN_MAX = 1000 /* records of former processes that are read for holes */ };

/* The last trade that has been published. */
static cursor_t here(const cover_t *self)
{
    return (cursor_t){journal_epoch(self->journal), journal_last(self->trades)};
}

/* Where the journal takes none it is lost: what it would have said is unknown then. */
static void write_record(cover_t *self, const coverage_t *coverage)
{
    char timestamp[TIMESTAMP_MAX], json[RECORD_MAX];
    text_t subject, source, channel, key;
    buffer_t data = buffer_new(RECORD_DATA_MAX);
    int64_t now_ns = clock_real_ns();
    topic_parse(journal_topic(self->stream), &subject, &source);
    subject_split(subject, &channel, &key);
    coverage_print(&data, coverage);
    const trade_t record = {.cursor = {journal_epoch(self->journal), journal_last(self->stream) + 1},
                            .symbol = key,
                            .timestamp = {timestamp, timestamp_print(timestamp, now_ns, 9)},
                            .timestamp_ns = now_ns,
                            .source = source,
                            .received_ns = now_ns,
                            .channel = channel,
                            .data = buffer_text(&data)};
    if (buffer_ok(&data))
        backpressure_append(self->backpressure, self->stream, self->unjournaled, (text_t){json, record_print(json, &record)});
    buffer_release(&data);
}

static void write_open(cover_t *self, coverage_state_t state, int64_t from_ns)
{
    write_record(self, &(coverage_t){.state = state, .from_ns = from_ns, .to_ns = COVERAGE_OPEN, .cursor = here(self)});
}

static bool read_record(const cover_t *self, uint64_t seq, coverage_t *coverage)
{
    trade_t record = {0};
    return record_parse(journal_read(self->journal, self->stream, seq), &record) && coverage_parse(record.data, coverage);
}

/* The last record without an end says whether it was live then, and since when. What was told since of times before does not matter. */
static void read_last(cover_t *self, int64_t heard_ns)
{
    coverage_t coverage = {0};
    uint64_t last = journal_last(self->stream), seq = last, first = journal_first(self->stream);
    bool open = false;
    for (; !open && seq >= first && seq > 0 && last - seq < KNOWN_MAX; seq--)
        open = read_record(self, seq, &coverage) && coverage.to_ns == COVERAGE_OPEN;
    if (last == 0)
        return;
    self->state = COVER_UNKNOWN;
    self->unknown_ns = heard_ns;
    if (open && (coverage.state == COVERAGE_UNKNOWN || heard_ns < coverage.from_ns))
        self->unknown_ns = coverage.from_ns;
    if (open && coverage.state == COVERAGE_UNKNOWN && coverage.cursor.epoch == journal_epoch(self->journal))
        self->unknown_seq = coverage.cursor.seq + 1;
}

bool cover_init(cover_t *self, journal_t *journal, backpressure_t *backpressure, unjournaled_t *unjournaled,
                const journal_stream_t *trades, int64_t heard_ns)
{
    char subject[SUBJECT_MAX], topic[TOPIC_MAX];
    text_t symbol, source;
    topic_parse(journal_topic(trades), &symbol, &source);
    *self = (cover_t){.journal = journal, .backpressure = backpressure, .unjournaled = unjournaled, .trades = trades};
    size_t length = subject_print(subject, TEXT("coverage"), symbol);
    length = topic_print(topic, (text_t){subject, length}, source);
    self->stream = journal_stream(journal, (text_t){topic, length});
    if (self->stream)
        read_last(self, heard_ns);
    return self->stream != NULL;
}

void cover_known_holes(const cover_t *self, cover_known_fn *known, void *arg)
{
    uint64_t last = journal_last(self->stream), seq = journal_first(self->stream), first_id, last_id;
    if (last >= seq && last - seq >= KNOWN_MAX)
        seq = last - KNOWN_MAX + 1;
    for (coverage_t coverage; seq <= last; seq++)
        if (read_record(self, seq, &coverage) && coverage.state == COVERAGE_HOLE && text_to_u64(coverage.first_id, &first_id) &&
            text_to_u64(coverage.last_id, &last_id))
            known(arg, first_id, last_id);
}

bool cover_begin(cover_t *self, int64_t now_ns)
{
    if (!self->stream || self->state == COVER_LIVE || self->state == COVER_SETTLING)
        return false;
    self->live_ns = now_ns;
    self->state = self->unknown_ns > 0 ? COVER_SETTLING : COVER_LIVE;
    if (self->state == COVER_LIVE)
        write_open(self, COVERAGE_LIVE, now_ns);
    return self->state == COVER_SETTLING;
}

void cover_end(cover_t *self, int64_t heard_ns)
{
    if (self->state != COVER_LIVE && self->state != COVER_SETTLING)
        return;
    if (self->state == COVER_LIVE) {
        self->unknown_ns = heard_ns;
        self->unknown_seq = here(self).seq + 1;
        write_open(self, COVERAGE_UNKNOWN, heard_ns);
    }
    self->state = COVER_UNKNOWN;
}

/* Those of one episode are told of as one. */
static void note_hole(cover_holes_t *holes, const cover_hole_t *hole, bool continues)
{
    cover_hole_t *last = &holes->last;
    holes->count++;
    if (!continues) {
        *last = *hole;
        return;
    }
    last->to_ns = hole->to_ns > last->to_ns ? hole->to_ns : last->to_ns;
    last->known &= hole->known;
    last->missing = last->known ? last->missing + hole->missing : 0;
}

/* One that does not fit grows the last one. */
void cover_found_hole(cover_t *self, const cover_hole_t *hole)
{
    if (!self->stream)
        return;
    if (self->found_count < COVER_HOLES_MAX) {
        self->found[self->found_count++] = *hole;
        return;
    }
    cover_hole_t *last = &self->found[COVER_HOLES_MAX - 1];
    last->to_ns = hole->to_ns;
    last->last_id = hole->last_id;
    last->missing += hole->missing;
}

static void write_hole(cover_t *self, const cover_hole_t *hole)
{
    char first[24], last[24];
    bool ids = hole->first_id > 0;
    write_record(self, &(coverage_t){.state = COVERAGE_HOLE,
                                     .from_ns = hole->from_ns,
                                     .to_ns = hole->to_ns > hole->from_ns ? hole->to_ns : hole->from_ns + 1,
                                     .cursor = hole->before,
                                     .missing_known = hole->known,
                                     .missing = hole->missing,
                                     .first_id = {first, ids ? text_from_u64(first, hole->first_id) : 0},
                                     .last_id = {last, ids ? text_from_u64(last, hole->last_id) : 0}});
}

static void write_filled(cover_t *self, const cover_filled_t *filled, int64_t from_ns, int64_t to_ns)
{
    uint64_t epoch = journal_epoch(self->journal);
    write_record(self, &(coverage_t){.state = COVERAGE_BACKFILLED,
                                     .from_ns = from_ns,
                                     .to_ns = to_ns > from_ns ? to_ns : from_ns + 1,
                                     .cursor = here(self),
                                     .first = {epoch, filled->first_seq},
                                     .last = {epoch, filled->last_seq},
                                     .trades = filled->trades});
}

/* After a time of which nobody knew it begins where that did, or with the oldest trade that was missing; else it is the time of those trades. */
void cover_settled(cover_t *self, const cover_filled_t *filled, int64_t now_ns)
{
    if (!self->stream)
        return;
    bool settles = self->state == COVER_SETTLING;
    int64_t from_ns = settles ? self->unknown_ns : filled->first_ns, to_ns = settles ? self->live_ns : filled->last_ns + 1;
    if (settles && filled->trades > 0 && filled->first_ns < from_ns)
        from_ns = filled->first_ns;
    if (filled->trades > 0 && filled->last_ns >= to_ns)
        to_ns = filled->last_ns + 1;
    if (settles || filled->trades > 0)
        write_filled(self, filled, from_ns, to_ns);
    if (settles)
        write_open(self, COVERAGE_LIVE, to_ns < now_ns ? to_ns : now_ns);
    for (size_t i = 0; i < self->found_count; i++) { /* behind what they are a part of */
        write_hole(self, &self->found[i]);
        note_hole(&self->holes, &self->found[i], i > 0);
    }
    self->found_count = 0;
    self->state = settles ? COVER_LIVE : self->state;
}

void cover_lost(cover_t *self)
{
    if (self->state != COVER_SETTLING)
        return;
    const cover_hole_t hole = {.from_ns = self->unknown_ns, .to_ns = self->live_ns, .before = here(self)};
    write_hole(self, &hole);
    note_hole(&self->holes, &hole, false);
    self->state = COVER_LIVE;
    write_open(self, COVERAGE_LIVE, self->live_ns);
}

void cover_compared(cover_t *self, const coverage_t *coverage)
{
    coverage_t told = *coverage;
    told.cursor = here(self);
    write_record(self, &told);
}
