#include "connectord/backfill/id_line.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <string.h>

enum { RUNS = 300, STEPS = 300, IDS = 4000 };

static id_line_t line;

static void tear_down(void)
{
    id_line_release(&line);
}

/* Each id is also its time. */
static void take(uint64_t id)
{
    id_line_take(&line, id, (int64_t)id);
}

static void drop(uint64_t from, uint64_t to)
{
    id_line_drop(&line, (id_range_t){.from = from, .to = to});
}

/* "[44,46)@43 … | 48" */
static void check_line(const char *expected)
{
    char found[1000];
    size_t length = 0;
    for (size_t i = 0; i < line.count; i++)
        length += (size_t)snprintf(found + length, sizeof found - length, "[%d,%d)@%d ", (int)line.missing[i].from,
                                   (int)line.missing[i].to, (int)line.missing[i].before_ns);
    snprintf(found + length, sizeof found - length, "| %d", (int)line.next);
    ck_assert_str_eq(found, expected);
}

START_TEST(nothing_is_missing_at_first)
{
    ck_assert_int_eq(id_line_look(&line, 1), ID_FIRST);
    ck_assert_int_eq(id_line_look(&line, INT64_MAX), ID_FIRST);
    ck_assert_uint_eq(id_line_missing(&line), 0);
    drop(1, 10);
    check_line("| 0");
}
END_TEST

START_TEST(what_is_left_out_is_missing)
{
    take(43);
    ck_assert_int_eq(id_line_look(&line, 44), ID_NEXT);
    take(46);
    take(47);
    check_line("[44,46)@43 | 48");
    ck_assert_int_eq(id_line_look(&line, 42), ID_KNOWN);
    ck_assert_int_eq(id_line_look(&line, 43), ID_KNOWN);
    ck_assert_int_eq(id_line_look(&line, 44), ID_MISSING);
    ck_assert_int_eq(id_line_look(&line, 45), ID_MISSING);
    ck_assert_int_eq(id_line_look(&line, 46), ID_KNOWN);
    ck_assert_int_eq(id_line_look(&line, 48), ID_NEXT);
    ck_assert_int_eq(id_line_look(&line, 49), ID_AHEAD);
    ck_assert_uint_eq(id_line_missing(&line), 2);
    take(46);
    take(42);
    check_line("[44,46)@43 | 48");
}
END_TEST

START_TEST(a_range_is_shortened_split_and_closed)
{
    take(10);
    take(20);
    take(11);
    check_line("[12,20)@11 | 21");
    take(19);
    check_line("[12,19)@11 | 21");
    take(15);
    check_line("[12,15)@11 [16,19)@15 | 21");
    take(14);
    take(13);
    take(12);
    check_line("[16,19)@15 | 21");
    take(18);
    take(17);
    take(16);
    check_line("| 21");
}
END_TEST

START_TEST(the_largest_ids_are_ids)
{
    take(1);
    take(INT64_MAX);
    ck_assert_uint_eq(line.next, (uint64_t)INT64_MAX + 1);
    ck_assert_uint_eq(id_line_missing(&line), (uint64_t)INT64_MAX - 2);
    ck_assert_int_eq(id_line_look(&line, INT64_MAX - 1), ID_MISSING);
    drop(2, INT64_MAX);
    ck_assert_uint_eq(id_line_missing(&line), 0);
}
END_TEST

static void miss_some(void)
{
    take(10);
    take(20);
    take(30);
    take(40);
    check_line("[11,20)@10 [21,30)@20 [31,40)@30 | 41");
}

START_TEST(what_is_dropped_is_not_missing)
{
    miss_some();
    drop(15, 35);
    check_line("[11,15)@10 [35,40)@30 | 41");
    drop(12, 13);
    check_line("[11,12)@10 [13,15)@10 [35,40)@30 | 41");
    drop(1, 14);
    check_line("[14,15)@10 [35,40)@30 | 41");
    ck_assert_int_eq(id_line_look(&line, 13), ID_KNOWN);
    drop(50, 60);
    drop(37, 37);
    drop(39, 36);
    check_line("[14,15)@10 [35,40)@30 | 41");
}
END_TEST

START_TEST(a_drop_at_the_end_moves_it)
{
    miss_some();
    drop(41, 50);
    check_line("[11,20)@10 [21,30)@20 [31,40)@30 | 50");
    drop(25, 60);
    check_line("[11,20)@10 [21,25)@20 | 60");
    ck_assert_int_eq(line.last_ns, 40); /* of one that has come */
    take(62);
    check_line("[11,20)@10 [21,25)@20 [60,62)@40 | 63");
    drop(1, 63);
    check_line("| 63");
}
END_TEST

START_TEST(what_is_missing_of_a_range_is_counted)
{
    miss_some();
    ck_assert_uint_eq(id_line_missing(&line), 27);
    ck_assert_uint_eq(id_line_missing_in(&line, (id_range_t){.from = 1, .to = 100}), 27);
    ck_assert_uint_eq(id_line_missing_in(&line, (id_range_t){.from = 15, .to = 32}), 5 + 9 + 1);
    ck_assert_uint_eq(id_line_missing_in(&line, (id_range_t){.from = 12, .to = 13}), 1);
    ck_assert_uint_eq(id_line_missing_in(&line, (id_range_t){.from = 20, .to = 21}), 0);
    ck_assert_uint_eq(id_line_missing_in(&line, (id_range_t){.from = 12, .to = 12}), 0);
    ck_assert_uint_eq(id_line_missing_in(&line, (id_range_t){.from = 40, .to = 50}), 0);
}
END_TEST

/* Every second one. */
static void fill_up(void)
{
    for (uint64_t id = 1; line.count < ID_RANGES_MAX; id += 2)
        take(id);
}

START_TEST(with_too_many_ranges_the_last_one_grows)
{
    fill_up();
    uint64_t next = line.next;
    take(next);
    take(next + 5);
    ck_assert_uint_eq(line.count, ID_RANGES_MAX);
    ck_assert_uint_eq(line.missing[ID_RANGES_MAX - 1].from, next - 2);
    ck_assert_uint_eq(line.missing[ID_RANGES_MAX - 1].to, next + 5);
    ck_assert_int_eq(id_line_look(&line, next + 1), ID_MISSING);
    ck_assert_int_eq(id_line_look(&line, next), ID_MISSING); /* once more */
    ck_assert_int_eq(id_line_look(&line, next + 5), ID_KNOWN);
    ck_assert_int_eq(id_line_look(&line, next + 6), ID_NEXT);
    for (uint64_t id = 1; id < line.next; id++)
        take(id);
    ck_assert_uint_eq(id_line_missing(&line), 0);
}
END_TEST

START_TEST(with_too_many_ranges_one_stays_whole_until_its_end_comes)
{
    fill_up();
    drop(2, 3);
    take(line.next + 100); /* the last of them */
    id_range_t last = line.missing[ID_RANGES_MAX - 1];
    ck_assert_uint_eq(line.count, ID_RANGES_MAX);
    take(last.from + 50);
    drop(last.from + 60, last.from + 70);
    ck_assert_uint_eq(line.count, ID_RANGES_MAX);
    ck_assert_uint_eq(id_line_missing_in(&line, last), 100);
    take(last.from);
    drop(last.to - 1, last.to);
    ck_assert_uint_eq(id_line_missing_in(&line, last), 98);
    take(4); /* there is room for one more now */
    take(last.from + 50);
    ck_assert_uint_eq(line.count, ID_RANGES_MAX);
    ck_assert_uint_eq(id_line_missing_in(&line, last), 97);
}
END_TEST

/* --- the line, and a plain list of what has become of each id --- */

typedef enum { NOT_YET, COME, MISSED, DROPPED } fate_t;

static struct {
    uint64_t state, next;
    fate_t fates[IDS];
} model;

static uint64_t random_below(uint64_t bound)
{
    model.state = model.state * 6364136223846793005u + 1442695040888963407u;
    return (model.state >> 33) % bound;
}

static void model_take(uint64_t id)
{
    for (uint64_t left = model.next; model.next > 0 && left < id; left++)
        model.fates[left] = MISSED;
    if (model.next == 0 || id >= model.next)
        model.next = id + 1;
    else if (model.fates[id] != MISSED)
        return;
    model.fates[id] = COME;
}

static void model_drop(uint64_t from, uint64_t to)
{
    for (uint64_t id = from; id < to; id++)
        if (model.fates[id] == MISSED || (id >= model.next && from <= model.next))
            model.fates[id] = DROPPED;
    if (from <= model.next && to > model.next)
        model.next = to;
}

static id_place_t model_look(uint64_t id)
{
    if (model.next == 0)
        return ID_FIRST;
    if (id >= model.next)
        return id == model.next ? ID_NEXT : ID_AHEAD;
    return model.fates[id] == MISSED ? ID_MISSING : ID_KNOWN;
}

static void step(void)
{
    uint64_t near = model.next > 20 ? model.next - 20 : 1;
    uint64_t id = random_below(3) == 0 ? 1 + random_below(model.next + 4) : near + random_below(24);
    uint64_t to = id + random_below(12);
    if (model.next > 0 && random_below(8) == 0) {
        drop(id, to);
        model_drop(id, to);
    } else {
        take(id);
        model_take(id);
    }
}

/* What is missing is told by ranges in order; and when the trade before each was made, or earlier. */
static void check_ranges(int run)
{
    uint64_t missed = 0, end = 0;
    for (uint64_t id = 1; id < model.next + 3; id++) {
        missed += id < model.next && model.fates[id] == MISSED;
        if (id_line_look(&line, id) != model_look(id))
            ck_abort_msg("run %d: %d is at %d", run, (int)id, id_line_look(&line, id));
    }
    ck_assert_uint_eq(id_line_missing(&line), missed);
    for (size_t i = 0; i < line.count; end = line.missing[i++].to) {
        const id_range_t *range = &line.missing[i];
        ck_assert(range->from > end && range->to > range->from && range->to <= line.next);
        ck_assert(range->before_ns < (int64_t)range->from);
        ck_assert(model.fates[range->from - 1] != COME || range->before_ns == (int64_t)range->from - 1);
    }
}

START_TEST(it_is_as_a_plain_list_says)
{
    for (int run = 0; run < RUNS; run++) {
        memset(&model, 0, sizeof model);
        model.state = (uint64_t)run + 1;
        for (int i = 0; i < STEPS; i++)
            step();
        check_ranges(run);
        ck_assert_uint_eq(line.next, model.next);
        id_line_release(&line);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {nothing_is_missing_at_first,
                                  what_is_left_out_is_missing,
                                  a_range_is_shortened_split_and_closed,
                                  the_largest_ids_are_ids,
                                  what_is_dropped_is_not_missing,
                                  a_drop_at_the_end_moves_it,
                                  what_is_missing_of_a_range_is_counted,
                                  with_too_many_ranges_the_last_one_grows,
                                  with_too_many_ranges_one_stays_whole_until_its_end_comes,
                                  it_is_as_a_plain_list_says};
    return RUN_TESTS("id_line", TEST_CASE(NULL, tear_down, tests));
}
