/* Who has methods carried out: what is under way for it, and the bytes that wait for it. */
#include "tests/unit/gateway_fixture.h"

static caller_t caller;
static size_t waits;
static unsigned crowded;
static bool ready, gathers;

static size_t on_waiting(caller_t *self)
{
    (void)self;
    return waits;
}

static void on_crowded(caller_t *self, text_t why)
{
    (void)self;
    ck_assert_uint_gt(why.length, 0);
    crowded++;
}

static bool is_ready(caller_t *self)
{
    (void)self;
    return ready;
}

static bool does_gather(caller_t *self)
{
    (void)self;
    return gathers;
}

static const caller_events_t events = {.waiting = on_waiting, .crowded = on_crowded, .ready = is_ready, .gathers = does_gather};

static budget_t budget;

static void set_up(void)
{
    fixture_setup();
    budget_init(&budget, 1 << 20);
    fixture.hub.budget = &budget;
    waits = crowded = 0;
    ready = gathers = false;
    caller_open(&caller, &fixture.hub, &events, ANSWER_REST);
}

static void tear_down(void)
{
    caller_cancel(&caller);
    caller_close(&caller);
    fixture.hub.budget = NULL;
    fixture_teardown();
}

static text_t called_name;
static const void *called_from;

static void on_call(caller_t *self, text_t name, value_fn *value, const void *from, reply_t *reply)
{
    ck_assert_ptr_eq(self, &caller);
    called_name = name;
    called_from = from;
    ck_assert(value(from, "x").plain);
    reply_error(reply, RPC_LIMIT, "%s", "no");
}

static value_t plain_value(const void *from, const char *name)
{
    (void)from, (void)name;
    return (value_t){.plain = true};
}

START_TEST(it_is_everyone_where_nobody_needs_a_token_and_else_nobody)
{
    ck_assert_ptr_eq(caller_role(&caller), fixture.everyone.role);
    ck_assert_ptr_eq(client_role(fixture.client), fixture.everyone.role);
    fixture.hub.everyone = NULL;
    caller_close(&caller);
    caller_open(&caller, &fixture.hub, &events, ANSWER_REST);
    ck_assert_ptr_null(caller_role(&caller));
}
END_TEST

static int replied;

static void on_error(reply_t *reply, int code, const char *reason, text_t message)
{
    (void)reply, (void)reason, (void)message;
    replied = code;
}

START_TEST(a_call_goes_to_the_methods_of_the_hub)
{
    static const reply_kind_t kind = {.error = on_error};
    reply_t reply = {&kind};
    int form = 0;
    fixture.hub.call = on_call;
    caller_call(&caller, TEXT("getStatus"), plain_value, &form, &reply);
    ck_assert(text_equal(called_name, TEXT("getStatus")) && called_from == &form);
    ck_assert_int_eq(replied, RPC_LIMIT);
}
END_TEST

START_TEST(bytes_that_are_expected_count_until_they_are_there)
{
    waits = 1000;
    ck_assert(caller_expects(&caller, 5000));
    ck_assert_uint_eq(budget.held_bytes, 6000);
    caller_has(&caller, 5000);
    ck_assert_uint_eq(budget.held_bytes, 1000);
    ck_assert(!caller_expects(&caller, 1 << 20));
    ck_assert_uint_eq(caller.expected, 0);
    ck_assert(!caller_admits(&caller, 1 << 20));
}
END_TEST

START_TEST(who_holds_more_than_there_is_gives_it_up)
{
    waits = 2 << 20;
    caller_account(&caller);
    ck_assert_uint_eq(crowded, 1);
}
END_TEST

static unsigned cancelled;

static void cancel(task_t *task)
{
    list_remove(&task->in_caller);
    cancelled++;
}

START_TEST(what_is_under_way_ends_when_it_goes)
{
    task_t tasks[2] = {{.cancel = cancel}, {.cancel = cancel}};
    for (size_t i = 0; i < 2; i++) {
        list_init(&tasks[i].in_caller);
        list_append(&caller.tasks, &tasks[i].in_caller);
    }
    caller_cancel(&caller);
    ck_assert_uint_eq(cancelled, 2);
    ck_assert(list_empty(&caller.tasks));
}
END_TEST

START_TEST(its_turns_at_history_know_whether_it_takes_answers_and_gathers_them)
{
    ck_assert(!caller.asker.ready(&caller.asker) && !caller.asker.begun(&caller.asker));
    ready = gathers = true;
    ck_assert(caller.asker.ready(&caller.asker) && caller.asker.begun(&caller.asker));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_call_goes_to_the_methods_of_the_hub,
                                  bytes_that_are_expected_count_until_they_are_there,
                                  who_holds_more_than_there_is_gives_it_up,
                                  what_is_under_way_ends_when_it_goes,
                                  it_is_everyone_where_nobody_needs_a_token_and_else_nobody,
                                  its_turns_at_history_know_whether_it_takes_answers_and_gathers_them};
    return RUN_TESTS("caller", TEST_CASE(set_up, tear_down, tests));
}
