#include "connectord/witness/verdicts.h"

#include "common/array.h"
#include "common/hash.h"

#include <stdlib.h>

/* Minutes of one record, one after the other. */
typedef struct {
    coverage_state_t state; /* COVERAGE_UNKNOWN: none */
    int64_t from_ns, to_ns;
    uint64_t trades, missing;
    bool counted, bare; /* bare: the journal has no trade of it */
    exact_t volume;     /* of the trades, or missing */
} stretch_t;

typedef struct {
    verdicts_t *verdicts;
    minute_sums_t *sums;
    const verdicts_events_t *events;
    verdicts_counts_t *counts;
    stretch_t run;
} judging_t;

void verdicts_release(verdicts_t *self)
{
    free(self->shorts);
    *self = (verdicts_t){0};
}

/* --- minutes that are compared once more --- */

static const short_minute_t *find_short(const verdicts_t *self, int64_t start_ns)
{
    for (size_t i = 0; i < self->short_count; i++)
        if (self->shorts[i].start_ns == start_ns && self->shorts[i].round < self->round)
            return &self->shorts[i];
    return NULL;
}

/* Those before that time have been compared as often as they are to be. */
static void drop_shorts(verdicts_t *self, int64_t end_ns)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->short_count; i++)
        if (self->shorts[i].round == self->round || self->shorts[i].start_ns >= end_ns)
            self->shorts[kept++] = self->shorts[i];
    self->short_count = kept;
}

/* Those that are too many have been told of, and that is all. */
static void add_short(verdicts_t *self, int64_t start_ns, uint64_t print)
{
    if (ARRAY_RESERVE(&self->shorts, &self->room, self->short_count + 1, SHORT_MINUTES_MAX))
        self->shorts[self->short_count++] = (short_minute_t){start_ns, print, self->round};
}

int64_t verdicts_begin_ns(const verdicts_t *self)
{
    for (size_t i = 0; i < self->short_count; i++)
        if (self->shorts[i].round < self->round)
            return self->shorts[i].start_ns < self->next_ns ? self->shorts[i].start_ns : self->next_ns;
    return self->next_ns;
}

/* --- records --- */

static void end_run(judging_t *self)
{
    stretch_t *run = &self->run;
    buffer_t sum = buffer_new(0);
    if (run->state != COVERAGE_UNKNOWN) {
        exact_print(&run->volume, &sum);
        bool proved = run->state == COVERAGE_PROVED;
        coverage_t coverage = {.state = run->state,
                               .from_ns = run->from_ns,
                               .to_ns = run->to_ns,
                               .trades = run->trades,
                               .missing_known = run->counted,
                               .missing = run->missing};
        *(proved ? &coverage.volume : &coverage.missing_volume) = buffer_text(&sum);
        if (buffer_ok(&sum))
            self->events->tell(self->events->arg, &coverage);
    }
    buffer_release(&sum);
    exact_release(&run->volume);
    *run = (stretch_t){0};
}

static void put_minute(judging_t *self, coverage_state_t state, int64_t start_ns, const minute_sum_t *minute)
{
    stretch_t *run = &self->run;
    bool bare = minute->trades == 0, proved = state == COVERAGE_PROVED;
    if (run->state != state || (!proved && !(bare && run->bare && run->counted == minute->counted)))
        end_run(self);
    if (run->state == COVERAGE_UNKNOWN)
        *run = (stretch_t){.state = state, .from_ns = start_ns, .counted = minute->counted, .bare = bare};
    run->to_ns = start_ns + MINUTE_NS;
    run->trades += minute->trades;
    run->missing += minute->counted ? minute_missing(minute) : 0;
    exact_add(&run->volume, proved ? &minute->volume : &minute->missing);
}

/* --- */

static uint64_t print_of(const minute_sum_t *minute)
{
    buffer_t text = buffer_new(0);
    exact_print(&minute->missing, &text);
    uint64_t print = hash_mix(minute->trades, text_hash(buffer_text(&text)));
    buffer_release(&text);
    return print;
}

static void put_short(judging_t *self, int64_t start_ns, const minute_sum_t *minute, const short_minute_t *before)
{
    uint64_t print = print_of(minute);
    if (before && before->print == print) {
        end_run(self); /* it has been said */
        return;
    }
    self->counts->falling_short++;
    put_minute(self, COVERAGE_SHORT, start_ns, minute);
    if (!before)
        add_short(self->verdicts, start_ns, print);
}

static void put_verdict(judging_t *self, minute_verdict_t verdict, size_t number, const short_minute_t *before)
{
    const minute_sum_t *minute = &self->sums->minutes[number];
    int64_t start_ns = self->sums->from_ns + (int64_t)number * MINUTE_NS;
    if (verdict == MINUTE_AGREES) {
        self->counts->proved++;
        put_minute(self, COVERAGE_PROVED, start_ns, minute);
    } else if (verdict == MINUTE_SHORT) {
        put_short(self, start_ns, minute, before);
    } else {
        end_run(self);
    }
    if (verdict == MINUTE_MORE) {
        self->counts->contradicted++;
        self->events->more(self->events->arg, start_ns, minute);
    }
}

/* False: the exchange does not say yet, and is to be asked again. */
static bool judge(judging_t *self, size_t number, int64_t sure_ns)
{
    int64_t start_ns = self->sums->from_ns + (int64_t)number * MINUTE_NS;
    const short_minute_t *before = find_short(self->verdicts, start_ns);
    minute_verdict_t verdict = MINUTE_UNTOLD;
    bool is_new = start_ns >= self->verdicts->next_ns;
    if (start_ns >= sure_ns && (before || is_new))
        verdict = minute_sums_judge(self->sums, number);
    if (is_new && verdict == MINUTE_NOT_YET)
        return false;
    put_verdict(self, verdict, number, before);
    return true;
}

bool verdicts_take(verdicts_t *self, minute_sums_t *sums, int64_t sure_ns, const verdicts_events_t *events,
                   verdicts_counts_t *counts)
{
    judging_t judging = {.verdicts = self, .sums = sums, .events = events, .counts = counts};
    size_t number = 0;
    while (number < sums->count && judge(&judging, number, sure_ns))
        number++;
    end_run(&judging);
    int64_t end_ns = sums->from_ns + (int64_t)number * MINUTE_NS;
    drop_shorts(self, end_ns);
    self->next_ns = end_ns > self->next_ns ? end_ns : self->next_ns;
    return number == sums->count;
}
