#include "common/zeromq/endpoint.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static const struct {
    const char *endpoint;
    endpoint_kind_t kind;
} kinds[] = {
    {"tcp://127.0.0.1:5556", ENDPOINT_PLAIN},
    {"tcp://0.0.0.0:5556", ENDPOINT_PLAIN},
    {"ipc:///run/a:1", ENDPOINT_PLAIN},
    {"ipc://@bus", ENDPOINT_PLAIN},
    {"inproc://bus", ENDPOINT_PLAIN},
    {"nonsense", ENDPOINT_PLAIN},
    {"tcp://", ENDPOINT_PLAIN},
    {"tcp://[::1]:5556", ENDPOINT_IPV6},
    {"tcp://[::]:5556", ENDPOINT_IPV6},
    {"tcp://*:5556", ENDPOINT_ANY},
    {"tcp://localhost:5556", ENDPOINT_NAME},
    {"tcp://lo:5556", ENDPOINT_NAME},
    {"tcp://1.example:5556", ENDPOINT_NAME},
    {"tcp://127.0.0.1.example.org:5556", ENDPOINT_NAME},
};

START_TEST(forms_are_told_apart)
{
    ck_assert_int_eq(endpoint_kind(kinds[_i].endpoint), kinds[_i].kind);
}
END_TEST

START_TEST(addresses_are_endpoints_each_once)
{
    char addresses[HOST_ADDRESSES_MAX][ENDPOINT_MAX];
    ck_assert_uint_eq(endpoint_addresses("tcp://127.0.0.1:5556", addresses), 1);
    ck_assert_str_eq(addresses[0], "tcp://127.0.0.1:5556");
    size_t count = endpoint_addresses("tcp://localhost:5556", addresses);
    ck_assert_uint_ge(count, 1);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_ne(endpoint_kind(addresses[i]), ENDPOINT_NAME);
        for (size_t before = 0; before < i; before++)
            ck_assert_str_ne(addresses[i], addresses[before]);
    }
    ck_assert_uint_eq(endpoint_addresses("tcp://no-such-host.invalid:5556", addresses), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("endpoint");
    tcase_add_loop_test(tests, forms_are_told_apart, 0, sizeof kinds / sizeof *kinds);
    tcase_add_test(tests, addresses_are_endpoints_each_once);
    return RUN_TESTS("endpoint", tests);
}
