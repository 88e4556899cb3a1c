#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cached/streams/arena.h"
#include "tests/unit/run_tests.h"

enum { MANY = 400 /* more than three blocks have */, ROUNDS = 5000 };

static arena_t *arena;
static char *pieces[MANY];
static unsigned seed;

static void setup(void)
{
    arena = arena_new();
    ck_assert_ptr_nonnull(arena);
    memset(pieces, 0, sizeof pieces);
}

static void teardown(void)
{
    for (size_t i = 0; i < MANY; i++)
        if (pieces[i])
            arena_give(arena, pieces[i]);
    arena_destroy(&arena);
    ck_assert_ptr_null(arena);
}

static size_t random_below(size_t n)
{
    seed = seed * 1103515245 + 12345;
    return seed / 65536 % n;
}

static void take(size_t i)
{
    pieces[i] = arena_take(arena);
    ck_assert_ptr_nonnull(pieces[i]);
    memset(pieces[i], (int)(i % 251), ARENA_PIECE_BYTES);
}

static bool all_are(const char *bytes, size_t length, int value)
{
    return bytes[0] == (char)value && memcmp(bytes, bytes + 1, length - 1) == 0;
}

/* Nobody else has written into it. */
static void give(size_t i)
{
    ck_assert(all_are(pieces[i], ARENA_PIECE_BYTES, (int)(i % 251)));
    arena_give(arena, pieces[i]);
    pieces[i] = NULL;
}

START_TEST(pieces_never_overlap_whatever_is_taken_and_given)
{
    seed = 1;
    for (size_t n = 0; n < ROUNDS; n++) {
        size_t i = random_below(MANY);
        if (pieces[i])
            give(i);
        else
            take(i);
    }
}
END_TEST

START_TEST(a_piece_that_was_given_is_taken_again)
{
    for (size_t i = 0; i < MANY; i++)
        take(i);
    char *given = pieces[7];
    give(7);
    take(7);
    ck_assert_ptr_eq(pieces[7], given);
}
END_TEST

START_TEST(all_given_can_all_be_taken_again)
{
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++)
            take(i);
        for (size_t i = 0; i < MANY; i++)
            give(i);
    }
}
END_TEST

START_TEST(a_table_is_zeroed_whatever_its_size)
{
    static const size_t sizes[] = {1, 4096, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, 5 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *table = arena_table_new(sizes[i]);
        ck_assert_ptr_nonnull(table);
        ck_assert(sizes[i] == 1 ? table[0] == 0 : all_are(table, sizes[i], 0));
        memset(table, 1, sizes[i]);
        arena_table_free(table, sizes[i]);
    }
    arena_table_free(NULL, 1);
    arena_table_free(NULL, 5 << 20);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("arena");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, pieces_never_overlap_whatever_is_taken_and_given);
    tcase_add_test(cases, a_piece_that_was_given_is_taken_again);
    tcase_add_test(cases, all_given_can_all_be_taken_again);
    tcase_add_test(cases, a_table_is_zeroed_whatever_its_size);
    return RUN_TESTS("arena", cases);
}
