/* Who is known, whom a client may take for a server, and what another look at the files changes. */
#include "tests/unit/common/curve/curve_fixture.h"

static key_pair_t own, first, second, desk;
static char wrong[TRUSTED_FILE_WRONG_MAX];

static void set_up(void)
{
    folder = folder_new();
    own = new_pair();
    first = new_pair();
    second = new_pair();
    desk = new_pair();
    write_own("gatewayd.key", &own);
    write_known("a.pub", &first, "bus replay", "");
    write_known("b.pub", &second, "history bus", "");
    write_known("desk.pub", &desk, "", "subscribe history");
    write_text(".hidden.pub", 0644, "nothing");
    write_text("README", 0644, "nothing");
    ck_assert_msg(curve_use(folder.path, path_of("gatewayd.key"), wrong), "%s", wrong);
}

static void tear_down(void)
{
    curve_forget();
    folder_remove(&folder);
}

START_TEST(whoever_has_a_file_is_known_by_its_name)
{
    ck_assert(curve_on());
    ck_assert_str_eq(curve_public_key(), own.public_key);
    ck_assert_str_eq(curve_secret_key(), own.secret_key);
    const known_peer_t *peer = curve_peer(text_of(desk.public_key));
    ck_assert_str_eq(peer->name, "desk");
    ck_assert_str_eq(peer->certificate.may, "subscribe history");
    ck_assert_ptr_null(curve_peer(text_of(own.public_key)));
    ck_assert_ptr_null(curve_peer(TEXT("")));
}
END_TEST

START_TEST(servers_come_by_name_and_only_for_what_they_serve)
{
    ck_assert_str_eq(curve_server("bus", 0)->name, "a");
    ck_assert_str_eq(curve_server("bus", 1)->name, "b");
    ck_assert_ptr_null(curve_server("bus", 2));
    ck_assert_str_eq(curve_server("history", 0)->name, "b");
    ck_assert_ptr_null(curve_server("history", 1));
    ck_assert_ptr_null(curve_server("", 0));
}
END_TEST

START_TEST(another_look_finds_what_has_changed)
{
    write_known("desk.pub", &desk, "", "replay");
    ck_assert_int_eq(remove(path_of("a.pub")), 0);
    ck_assert_int_eq(curve_reload(), CURVE_OTHERS_CHANGED);
    ck_assert_str_eq(curve_peer(text_of(desk.public_key))->certificate.may, "replay");
    ck_assert_ptr_null(curve_peer(text_of(first.public_key)));
    key_pair_t next = new_pair();
    write_own("gatewayd.key", &next);
    ck_assert_int_eq(curve_reload(), CURVE_OWN_CHANGED);
    ck_assert_str_eq(curve_secret_key(), next.secret_key);
}
END_TEST

START_TEST(what_cannot_be_used_changes_nothing)
{
    write_known("other.pub", &desk, "", "clear");
    ck_assert_int_eq(curve_reload(), CURVE_SAME);
    ck_assert_int_eq(remove(path_of("other.pub")), 0);
    ck_assert_int_eq(remove(path_of("gatewayd.key")), 0);
    write_known("desk.pub", &desk, "", "clear");
    ck_assert_int_eq(curve_reload(), CURVE_SAME);
    ck_assert_str_eq(curve_peer(text_of(desk.public_key))->certificate.may, "subscribe history");
    ck_assert_str_eq(curve_secret_key(), own.secret_key);
}
END_TEST

START_TEST(two_files_with_one_key_are_refused)
{
    write_known("twin.pub", &desk, "", "clear");
    ck_assert(!curve_use(folder.path, path_of("gatewayd.key"), wrong));
    ck_assert_ptr_nonnull(strstr(wrong, "expected a key of its own, found that of "));
    ck_assert(!curve_on());
    ck_assert_ptr_null(curve_peer(text_of(desk.public_key)));
}
END_TEST

START_TEST(without_a_folder_there_is_no_curve)
{
    ck_assert(curve_use(NULL, "", wrong));
    ck_assert(!curve_on());
    ck_assert_int_eq(curve_reload(), CURVE_SAME);
    ck_assert_ptr_null(curve_server("bus", 0));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("curve");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, whoever_has_a_file_is_known_by_its_name);
    tcase_add_test(tests, servers_come_by_name_and_only_for_what_they_serve);
    tcase_add_test(tests, another_look_finds_what_has_changed);
    tcase_add_test(tests, what_cannot_be_used_changes_nothing);
    tcase_add_test(tests, two_files_with_one_key_are_refused);
    tcase_add_test(tests, without_a_folder_there_is_no_curve);
    return RUN_TESTS("curve", tests);
}
