#include "common/zeromq/envelope.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static char packed[ENVELOPE_MAX];
static char bytes[ENVELOPE_BYTES + 1];

/* How many frames come back, when they are those that went in; 0: it was refused. */
static size_t round_trip(const text_t *frames, size_t count)
{
    text_t back[ENVELOPE_FRAMES], envelope = {packed, envelope_read(frames, count, packed)};
    size_t kept = envelope.length > 0 ? envelope_frames(envelope, back) : 0;
    for (size_t i = 0; i < kept; i++)
        ck_assert(text_equal(back[i], frames[i]));
    return kept;
}

START_TEST(an_envelope_ends_with_the_first_empty_frame_behind_the_connections_own)
{
    const text_t frames[] = {TEXT("\1peer"), TEXT("proxy"), TEXT("\0\0\0\7"), TEXT(""), TEXT("{}"), TEXT(""), TEXT("x")};
    ck_assert_uint_eq(round_trip(frames, 7), 4);
    ck_assert_uint_eq(round_trip(frames, 4), 4);
    ck_assert_uint_eq(round_trip((text_t[]){TEXT("\1peer"), TEXT("")}, 2), 2);
}
END_TEST

START_TEST(without_an_empty_frame_there_is_no_envelope)
{
    const text_t frames[] = {TEXT("\1peer"), TEXT("{}"), TEXT("x")};
    ck_assert_uint_eq(round_trip(frames, 3), 0);
    ck_assert_uint_eq(round_trip(frames, 1), 0);
    ck_assert_uint_eq(round_trip((text_t[]){TEXT(""), TEXT("{}")}, 2), 0);
}
END_TEST

START_TEST(an_envelope_is_bounded_in_frames)
{
    text_t frames[ENVELOPE_FRAMES + 1];
    for (size_t i = 0; i <= ENVELOPE_FRAMES; i++)
        frames[i] = TEXT("x");
    frames[ENVELOPE_FRAMES] = TEXT("");
    ck_assert_uint_eq(round_trip(frames, ENVELOPE_FRAMES + 1), 0);
    frames[ENVELOPE_FRAMES - 1] = TEXT("");
    ck_assert_uint_eq(round_trip(frames, ENVELOPE_FRAMES + 1), ENVELOPE_FRAMES);
}
END_TEST

START_TEST(an_envelope_is_bounded_in_bytes)
{
    text_t frames[] = {TEXT("peer"), {bytes, ENVELOPE_BYTES - 4}, TEXT("")};
    ck_assert_uint_eq(round_trip(frames, 3), 3);
    frames[1].length++;
    ck_assert_uint_eq(round_trip(frames, 3), 0);
    ck_assert_uint_eq(round_trip(frames, 2), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("envelope");
    tcase_add_test(tests, an_envelope_ends_with_the_first_empty_frame_behind_the_connections_own);
    tcase_add_test(tests, without_an_empty_frame_there_is_no_envelope);
    tcase_add_test(tests, an_envelope_is_bounded_in_frames);
    tcase_add_test(tests, an_envelope_is_bounded_in_bytes);
    return RUN_TESTS("envelope", tests);
}
