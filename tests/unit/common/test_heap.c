#include "common/heap.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { ITEMS = 1000 };

typedef struct {
    unsigned key;
    heap_item_t in_heap;
} thing_t;

static thing_t things[ITEMS];
static heap_t heap;

static bool before(heap_item_t *item, heap_item_t *other)
{
    return HEAP_OWNER(item, thing_t, in_heap)->key < HEAP_OWNER(other, thing_t, in_heap)->key;
}

static void setup(void)
{
    heap = heap_new(before);
    for (size_t i = 0; i < ITEMS; i++)
        things[i] = (thing_t){.key = (unsigned)(i * 7919 % ITEMS)};
}

static void teardown(void)
{
    heap_item_t *item;
    while ((item = heap_first(&heap)))
        heap_remove(&heap, item);
    heap_release(&heap);
}

static void put_all(void)
{
    for (size_t i = 0; i < ITEMS; i++)
        ck_assert(heap_put(&heap, &things[i].in_heap));
}

static unsigned take(void)
{
    heap_item_t *item = heap_first(&heap);
    ck_assert_ptr_nonnull(item);
    heap_remove(&heap, item);
    return HEAP_OWNER(item, thing_t, in_heap)->key;
}

START_TEST(they_come_in_their_order)
{
    put_all();
    for (unsigned key = 0; key < ITEMS; key++)
        ck_assert_uint_eq(take(), key);
    ck_assert_ptr_null(heap_first(&heap));
}
END_TEST

START_TEST(who_leaves_is_left_out_and_may_come_again)
{
    put_all();
    for (size_t i = 0; i < ITEMS; i++)
        if (things[i].key % 3 != 0)
            heap_remove(&heap, &things[i].in_heap);
    heap_remove(&heap, &things[0].in_heap); /* key 0 */
    heap_remove(&heap, &things[0].in_heap); /* is not in it */
    things[0].key = ITEMS;
    ck_assert(heap_put(&heap, &things[0].in_heap));
    for (unsigned key = 3; key < ITEMS; key += 3)
        ck_assert_uint_eq(take(), key);
    ck_assert_uint_eq(take(), ITEMS);
    ck_assert_ptr_null(heap_first(&heap));
}
END_TEST

START_TEST(equals_all_come)
{
    for (size_t i = 0; i < ITEMS; i++)
        things[i].key = (unsigned)(i % 2);
    put_all();
    for (unsigned i = 0; i < ITEMS; i++)
        ck_assert_uint_eq(take(), i >= ITEMS / 2);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("heap");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, they_come_in_their_order);
    tcase_add_test(tests, who_leaves_is_left_out_and_may_come_again);
    tcase_add_test(tests, equals_all_come);
    return RUN_TESTS("heap", tests);
}
