#include "gatewayd/history/turns.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

enum { LARGE = TURNS_ASKER_BYTES, SMALL = 1000, ASKERS = 3 };

/* A question, and who asks it: "a1" is a's first. */
typedef struct {
    turn_t turn;
    char name[4];
} turn_question_t;

static turns_t turns;
static asker_t askers[ASKERS];
static bool takes[ASKERS], holds[ASKERS];
static turn_question_t questions[ASKERS][TURNS_ASKER_WAITING + 2];
static char begun[4096];

static bool ready(asker_t *asker)
{
    return takes[asker - askers];
}

static bool gathers(asker_t *asker)
{
    return holds[asker - askers];
}

static void begin(turn_t *turn)
{
    const turn_question_t *question = LIST_OWNER(turn, turn_question_t, turn);
    strncat(begun, question->name, sizeof begun - strlen(begun) - 1);
    strncat(begun, " ", sizeof begun - strlen(begun) - 1);
}

static void set_up(void)
{
    turns_init(&turns);
    begun[0] = '\0';
    for (size_t i = 0; i < ASKERS; i++) {
        asker_init(&askers[i], ready, gathers);
        holds[i] = false;
        takes[i] = true;
        for (size_t k = 0; k < TURNS_ASKER_WAITING + 2; k++) {
            questions[i][k] = (turn_question_t){.turn = {.begin = begin}};
            list_init(&questions[i][k].turn.in_asker);
            snprintf(questions[i][k].name, sizeof questions[i][k].name, "%c%u", (char)('a' + i), (unsigned)(k % 100));
        }
    }
}

static bool ask(size_t asker, size_t number, size_t bytes)
{
    questions[asker][number].turn.bytes = bytes;
    return turns_enter(&turns, &askers[asker], &questions[asker][number].turn);
}

static void answered(size_t asker, size_t number)
{
    turns_leave(&turns, &questions[asker][number].turn);
}

static void expect(const char *expected)
{
    ck_assert_str_eq(begun, expected);
    begun[0] = '\0';
}

START_TEST(what_there_is_room_for_begins_at_once)
{
    for (size_t i = 0; i < 3; i++)
        ck_assert(ask(0, i, SMALL));
    expect("a0 a1 a2 ");
}
END_TEST

START_TEST(one_who_asks_for_much_has_one_answer_under_way_and_others_are_not_behind_it)
{
    for (size_t i = 0; i < 3; i++)
        ck_assert(ask(0, i, LARGE));
    ck_assert(ask(1, 0, SMALL));
    expect("a0 b0 ");
    answered(0, 0);
    expect("a1 ");
    answered(0, 2); /* given up while it waits */
    answered(0, 1);
    expect("");
    ck_assert_uint_eq(turns.waiting, 0);
}
END_TEST

START_TEST(askers_take_turns_when_there_is_room_for_one)
{
    questions[2][0].turn.bytes = 2 * TURNS_BYTES; /* larger than all may be, so it goes alone */
    ck_assert(turns_enter(&turns, &askers[2], &questions[2][0].turn));
    expect("c0 ");
    for (size_t i = 0; i < 3; i++)
        ck_assert(ask(0, i, LARGE / 2));
    for (size_t i = 0; i < 3; i++)
        ck_assert(ask(1, i, LARGE / 2));
    expect("");
    answered(2, 0);
    expect("a0 b0 a1 b1 ");
    answered(1, 0);
    expect("b2 ");
}
END_TEST

START_TEST(who_gathers_a_batch_goes_on_before_others_begin_theirs_most_times)
{
    questions[2][0].turn.bytes = 2 * TURNS_BYTES;
    ck_assert(turns_enter(&turns, &askers[2], &questions[2][0].turn)); /* the first turn */
    holds[1] = true;
    for (size_t asker = 0; asker < 2; asker++)
        for (size_t i = 0; i < 10; i++)
            ck_assert(ask(asker, i, TURNS_ASKER_BYTES / 10));
    begun[0] = '\0';
    answered(2, 0);
    expect("b0 b1 b2 b3 b4 b5 b6 a0 b7 b8 b9 a1 a2 a3 a4 a5 a6 a7 a8 a9 ");
}
END_TEST

START_TEST(who_does_not_take_answers_gets_no_more_until_it_does)
{
    takes[0] = false;
    ck_assert(ask(0, 0, SMALL));
    ck_assert(ask(1, 0, SMALL));
    expect("b0 ");
    turns_ready(&turns, &askers[0]);
    expect("");
    takes[0] = true;
    turns_ready(&turns, &askers[0]);
    expect("a0 ");
}
END_TEST

START_TEST(what_waits_is_bounded_for_each)
{
    takes[0] = false;
    for (size_t i = 0; i < TURNS_ASKER_WAITING; i++)
        ck_assert(ask(0, i, SMALL));
    ck_assert(!ask(0, TURNS_ASKER_WAITING, SMALL));
    ck_assert(ask(1, 0, SMALL));
    answered(0, 7);
    ck_assert(ask(0, TURNS_ASKER_WAITING, SMALL));
    answered(0, TURNS_ASKER_WAITING + 1); /* one that never entered */
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("turns");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, what_there_is_room_for_begins_at_once);
    tcase_add_test(tests, one_who_asks_for_much_has_one_answer_under_way_and_others_are_not_behind_it);
    tcase_add_test(tests, askers_take_turns_when_there_is_room_for_one);
    tcase_add_test(tests, who_gathers_a_batch_goes_on_before_others_begin_theirs_most_times);
    tcase_add_test(tests, who_does_not_take_answers_gets_no_more_until_it_does);
    tcase_add_test(tests, what_waits_is_bounded_for_each);
    return RUN_TESTS("turns", tests);
}
