/* Which files of keys are taken, and what is said of others: never with the secret. */
#include "tests/unit/common/curve/curve_fixture.h"

#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

static char why[TRUSTED_FILE_WRONG_MAX];
static certificate_t certificate;

static bool parse(const char *content)
{
    return certificate_parse(&certificate, text_of(content), why);
}

START_TEST(what_czmq_writes_is_read)
{
    ck_assert(parse("#   ****  Generated on 2026-01-01 by CZMQ  ****\n#   with = \"remarks\"\n\nmetadata\n    name = \"desk\"\n"
                    "    may = \"subscribe:trade. replay\"\n    serves = 'bus replay'\r\ncurve\n    public-key = \"" PUBLIC
                    "\"\n    secret-key = \"" SECRET "\""));
    ck_assert_str_eq(certificate.public_key, PUBLIC);
    ck_assert_str_eq(certificate.secret_key, SECRET);
    ck_assert_str_eq(certificate.may, "subscribe:trade. replay");
    ck_assert_str_eq(certificate.serves, "bus replay");
}
END_TEST

START_TEST(a_public_key_alone_is_somebody_who_may_nothing)
{
    ck_assert(parse("\xef\xbb\xbf"
                    "curve\n public-key=" PUBLIC "\n"));
    ck_assert_str_eq(certificate.public_key, PUBLIC);
    ck_assert_str_eq(certificate.secret_key, "");
    ck_assert_str_eq(certificate.may, "");
}
END_TEST

START_TEST(a_secret_key_has_its_public_one)
{
    ck_assert(parse("curve\n secret-key = \"" SECRET "\"\n"));
    ck_assert_str_eq(certificate.public_key, PUBLIC);
}
END_TEST

static const struct {
    const char *content, *why;
} mistakes[] = {
    {"", "expected a public-key"},
    {"metadata\n may = \"subscribe\"\n", "expected a public-key"},
    {"public-key = \"short\"", "public-key: expected 40 characters of Z85"},
    {"public-key = \"" PUBLIC "x\"", "public-key: expected 40 characters of Z85"},
    {"public-key = \"'ne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"", "public-key: expected 40 characters of Z85"},
    {"public-key = \"" PUBLIC "\"\nsecret-key = \"" PUBLIC "\"",
     "expected the public-key of the secret-key, found another one"},
    {"secret-key = \"D:)Q\"", "secret-key: expected 40 characters of Z85"},
    {"public-key = \"" PUBLIC "\"\nmay = \"subscribe all\"",
     "may: expected subscribe, subscribe:PREFIX, replay, history, clear or operate, found all"},
    {"public-key = \"" PUBLIC "\"\nserves = \"0123456789012345678901234567890123456789012345678901234567890123\"",
     "serves: expected bus, replay or history"},
};

START_TEST(a_mistake_is_named)
{
    ck_assert(!parse(mistakes[_i].content));
    ck_assert_str_eq(why, mistakes[_i].why);
}
END_TEST

static void set_up(void)
{
    folder = folder_new();
}

static void tear_down(void)
{
    unsetenv("CREDENTIALS_DIRECTORY");
    folder_remove(&folder);
}

static void assert_refused(bool (*read)(certificate_t *, const char *, char *), const char *file, const char *expected)
{
    ck_assert(!read(&certificate, path_of(file), why));
    ck_assert_msg(strstr(why, expected) != NULL && strstr(why, file) != NULL, "%s", why);
    ck_assert_ptr_null(strstr(why, SECRET));
}

START_TEST(a_secret_is_for_its_owner_alone)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0601, 0666};
    key_pair_t pair = new_pair();
    write_own("own.key", &pair);
    ck_assert_msg(certificate_read_own(&certificate, path_of("own.key"), why), "%s", why);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        ck_assert_int_eq(chmod(path_of("own.key"), modes[i]), 0);
        assert_refused(certificate_read_own, "own.key", "expected mode 0600 or 0400, found ");
    }
    ck_assert_int_eq(chmod(path_of("own.key"), 0440), 0);
    setenv("CREDENTIALS_DIRECTORY", folder.path, 1);
    ck_assert_msg(certificate_read_own(&certificate, path_of("own.key"), why), "%s", why);
}
END_TEST

START_TEST(what_others_are_known_by_nobody_else_may_change)
{
    key_pair_t pair = new_pair();
    write_known("desk.pub", &pair, "", "history");
    ck_assert_msg(certificate_read(&certificate, path_of("desk.pub"), why), "%s", why);
    ck_assert_int_eq(chmod(path_of("desk.pub"), 0664), 0);
    assert_refused(certificate_read, "desk.pub", "only its owner can write to it");
}
END_TEST

START_TEST(a_secret_is_not_among_what_is_known_and_one_s_own_has_one)
{
    key_pair_t pair = new_pair();
    write_own("desk.pub", &pair);
    assert_refused(certificate_read, "desk.pub", "expected no secret-key");
    ck_assert_str_eq(certificate.secret_key, "");
    write_known("own.key", &pair, "", "");
    ck_assert_int_eq(chmod(path_of("own.key"), 0600), 0);
    assert_refused(certificate_read_own, "own.key", "expected a secret-key");
}
END_TEST

START_TEST(what_is_no_such_file_is_refused)
{
    static char much[CERTIFICATE_BYTES_MAX + 2];
    memset(much, '#', sizeof much - 1);
    assert_refused(certificate_read, "nobody.pub", "No such file");
    ck_assert_int_eq(mkdir(path_of("folder.pub"), 0700), 0);
    assert_refused(certificate_read, "folder.pub", "expected a file");
    write_text("much.pub", 0644, much);
    assert_refused(certificate_read, "much.pub", "File too large");
}
END_TEST

int main(void)
{
    TCase *texts = tcase_create("texts"), *files = tcase_create("files");
    tcase_add_test(texts, what_czmq_writes_is_read);
    tcase_add_test(texts, a_public_key_alone_is_somebody_who_may_nothing);
    tcase_add_test(texts, a_secret_key_has_its_public_one);
    tcase_add_loop_test(texts, a_mistake_is_named, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_checked_fixture(files, set_up, tear_down);
    tcase_add_test(files, a_secret_is_for_its_owner_alone);
    tcase_add_test(files, what_others_are_known_by_nobody_else_may_change);
    tcase_add_test(files, a_secret_is_not_among_what_is_known_and_one_s_own_has_one);
    tcase_add_test(files, what_is_no_such_file_is_refused);
    return RUN_TESTS("certificate", texts, files);
}
