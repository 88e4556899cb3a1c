#include "common/clock.h"
#include "connectord/websocket/refusal.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

/* Mon, 10 Nov 2025 17:24:33 GMT */
static const int64_t now_ns = INT64_C(1762795473) * NS_PER_S;

START_TEST(retry_after_is_read_in_all_its_forms_and_bounded)
{
    static const struct {
        const char *retry_after, *date;
        uint32_t ms;
    } cases[] = {
        {"", "", 0},
        {"0", "", 0},
        {"1", "", 1000},
        {" 120 ", "", 120000},
        {"3600", "", 3600000},
        {"3601", "", 3600000},
        {"99999999999999999999999999", "", 3600000},
        {"-1", "", 0},
        {"1.5", "", 0},
        {"soon", "", 0},
        {"Mon, 10 Nov 2025 17:25:03 GMT", "", 30000},
        {"Monday, 10-Nov-25 17:25:03 GMT", "", 30000},
        {"Mon Nov 10 17:25:03 2025", "", 30000},
        {"Mon, 10 Nov 2025 17:24:00 GMT", "", 0},
        {"Tue, 11 Nov 2025 17:24:33 GMT", "", 3600000},
        {"Mon, 10 Nov 2025 17:25:03", "", 0},
        {"Mon, 10 Nov 2025 17:25:03 GMT, and much more than any date has to say for itself", "", 0},
        {"Sun, 01 Jan 2023 00:00:20 GMT", "Sun, 01 Jan 2023 00:00:00 GMT", 20000}, /* its clock is not ours */
        {"Mon, 10 Nov 2025 17:25:03 GMT", "yesterday", 30000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        refusal_t refusal = {503, text_of(cases[i].retry_after), text_of(cases[i].date)};
        ck_assert_msg(refusal_retry_after_ms(&refusal, now_ns) == cases[i].ms, "%s: %u", cases[i].retry_after,
                      refusal_retry_after_ms(&refusal, now_ns));
    }
}
END_TEST

START_TEST(statuses_are_named_as_what_they_are)
{
    static const struct {
        unsigned status;
        const char *retry_after, *reason;
        loss_kind_t kind;
    } cases[] = {
        {401, "", "the exchange refuses: 401 Unauthorized (credentials are missing or wrong)", LOSS_REFUSED},
        {403, "", "the exchange refuses: 403 Forbidden (not allowed for us, or from here)", LOSS_REFUSED},
        {451, "", "the exchange refuses: 451 Unavailable For Legal Reasons (not available in this region)", LOSS_REFUSED},
        {451, "7200",
         "the exchange refuses: 451 Unavailable For Legal Reasons (not available in this region), not to be tried for 3600 s",
         LOSS_REFUSED},
        {429, "30", "the exchange refuses: 429 Too Many Requests (we asked too often), not to be tried for 30 s", LOSS_USUAL},
        {503, "", "the exchange refuses: 503 Service Unavailable", LOSS_USUAL},
        {404, "", "the exchange refuses: 404 Not Found (is the URL's path right?)", LOSS_USUAL},
        {301, "", "the exchange refuses: 301 (redirects are not followed)", LOSS_USUAL},
        {200, "", "the exchange refuses: 200 (expected 101, a WebSocket)", LOSS_USUAL},
        {599, "", "the exchange refuses: 599", LOSS_USUAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        refusal_t refusal = {.status = cases[i].status, .retry_after = text_of(cases[i].retry_after)};
        char reason[REFUSAL_REASON_MAX];
        refusal_print(&refusal, now_ns, reason);
        ck_assert_str_eq(reason, cases[i].reason);
        ck_assert_int_eq(refusal_kind(&refusal), cases[i].kind);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("refusal");
    tcase_add_test(tests, retry_after_is_read_in_all_its_forms_and_bounded);
    tcase_add_test(tests, statuses_are_named_as_what_they_are);
    return RUN_TESTS("refusal", tests);
}
