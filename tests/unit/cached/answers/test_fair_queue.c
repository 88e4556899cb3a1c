/* Places that connections share. A peer is an envelope: the connection, then whatever it likes. */
#include "cached/answers/fair_queue.h"
#include "common/zeromq/envelope.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { PLACES = 8 };

static fair_queue_t *queue;
static question_t *displaced;

static void set_up(void)
{
    queue = fair_queue_new(PLACES);
    displaced = NULL;
}

static void tear_down(void)
{
    fair_queue_destroy(&queue);
}

static question_t *question_of(const char *connection, const char *behind, const char *request)
{
    char envelope[ENVELOPE_MAX];
    text_t frames[] = {text_of(connection), text_of(behind), TEXT("")};
    size_t length = envelope_read(frames, 3, envelope);
    return question_new((text_t){envelope, length}, text_of(request), 0);
}

static bool push(const char *connection, const char *request)
{
    question_t *question = question_of(connection, request, request);
    displaced = NULL;
    bool pushed = fair_queue_push(queue, question, &displaced);
    if (!pushed)
        free(question);
    return pushed;
}

static void assert_question(question_t *question, const char *expected)
{
    ck_assert_ptr_nonnull(question);
    ck_assert_msg(text_equal(question->request, text_of(expected)), "expected %s, found %.*s", expected,
                  TEXT_ARG(question->request));
    free(question);
}

START_TEST(connections_take_turns_each_in_its_own_order)
{
    ck_assert(push("a", "a1") && push("a", "a2") && push("a", "a3") && push("b", "b1") && push("b", "b2"));
    assert_question(fair_queue_pop(queue), "a1");
    assert_question(fair_queue_pop(queue), "b1");
    assert_question(fair_queue_pop(queue), "a2");
    ck_assert(push("c", "c1"));
    assert_question(fair_queue_pop(queue), "b2");
    assert_question(fair_queue_pop(queue), "a3");
    assert_question(fair_queue_pop(queue), "c1");
    ck_assert_ptr_null(fair_queue_pop(queue));
    ck_assert(push("a", "a4"));
    assert_question(fair_queue_pop(queue), "a4");
}
END_TEST

START_TEST(one_alone_may_have_all_places_and_gives_them_up_to_others)
{
    for (int i = 0; i < PLACES; i++)
        ck_assert(push("a", i == PLACES - 1 ? "newest" : "older"));
    ck_assert(!push("a", "beyond"));
    ck_assert(push("b", "b1"));
    assert_question(displaced, "newest");
    ck_assert_uint_eq(fair_queue_count(queue), PLACES);
    for (int i = 2; i <= PLACES / 2; i++) {
        ck_assert(push("b", "b"));
        assert_question(displaced, "older");
    }
    ck_assert(!push("b", "one more than half"));
    ck_assert(push("c", "c1"));
    free(displaced);
}
END_TEST

START_TEST(nobody_gives_up_a_place_for_one_that_has_as_many)
{
    static const char *const names[PLACES] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (int i = 0; i < PLACES; i++)
        ck_assert(push(names[i], "only"));
    ck_assert(!push("i", "only"));
    ck_assert_ptr_null(displaced);
    for (int i = 0; i < PLACES; i++)
        assert_question(fair_queue_pop(queue), "only");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("fair_queue");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, connections_take_turns_each_in_its_own_order);
    tcase_add_test(tests, one_alone_may_have_all_places_and_gives_them_up_to_others);
    tcase_add_test(tests, nobody_gives_up_a_place_for_one_that_has_as_many);
    return RUN_TESTS("fair_queue", tests);
}
