/* Which certificates and keys are used, and what is said of those that aren't. */
#include "tests/unit/common/http/tls_fixture.h"

#include <time.h>

static void set_up(void)
{
    folder = folder_new();
    make_certificate("one", "-nodes");
    make_certificate("other", "-nodes");
}

static void tear_down(void)
{
    unsetenv("CREDENTIALS_DIRECTORY");
    folder_remove(&folder);
}

static void assert_refused(const char *certificate, const char *key, const char *expected)
{
    char wrong[TLS_IDENTITY_WRONG_MAX] = "";
    ck_assert_ptr_null(tls_identity_new(certificate, key, wrong));
    ck_assert_msg(strstr(wrong, expected) != NULL, "expected: %s\nfound: %s", expected, wrong);
}

START_TEST(a_certificate_and_its_key_are_used)
{
    tls_identity_t *identity = identity_of("one");
    ck_assert_str_eq(tls_identity_name(identity), "/CN=one");
    int64_t days = (tls_identity_until_s(identity) - time(NULL)) / 3600;
    ck_assert_int_ge(days, 47);
    ck_assert_int_le(days, 48);
    tls_identity_destroy(&identity);
    ck_assert_ptr_null(identity);
    tls_identity_destroy(&identity);
}
END_TEST

START_TEST(the_key_must_be_the_certificates)
{
    assert_refused(path_of("one", "pem"), path_of("other", "key"), "other.key: is not the key of the certificate in ");
}
END_TEST

START_TEST(the_key_must_be_its_owners_alone)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0610, 0644};
    char expected[100];
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        ck_assert_int_eq(chmod(path_of("one", "key"), modes[i]), 0);
        snprintf(expected, sizeof expected, "one.key: others than its owner may use it: expected mode 0600 or 0400, found %04o",
                 modes[i]);
        assert_refused(path_of("one", "pem"), path_of("one", "key"), expected);
    }
    ck_assert_int_eq(chmod(path_of("one", "key"), 0400), 0);
    tls_identity_t *identity = identity_of("one");
    tls_identity_destroy(&identity);
}
END_TEST

START_TEST(what_the_supervisor_hands_over_may_show_a_group)
{
    ck_assert_int_eq(chmod(path_of("one", "key"), 0440), 0);
    setenv("CREDENTIALS_DIRECTORY", folder.path, 1);
    tls_identity_t *identity = identity_of("one");
    tls_identity_destroy(&identity);
    ck_assert_int_eq(chmod(path_of("one", "key"), 0444), 0);
    assert_refused(path_of("one", "pem"), path_of("one", "key"), "found 0444");
    folder.path[strlen(folder.path) - 1] ^= 1; /* a folder whose name only begins so */
    setenv("CREDENTIALS_DIRECTORY", folder.path, 1);
    folder.path[strlen(folder.path) - 1] ^= 1;
    ck_assert_int_eq(chmod(path_of("one", "key"), 0440), 0);
    assert_refused(path_of("one", "pem"), path_of("one", "key"), "found 0440");
}
END_TEST

START_TEST(what_is_no_certificate_or_key_is_named)
{
    FILE *file = fopen(path_of("empty", "pem"), "we");
    ck_assert_ptr_nonnull(file);
    fclose(file);
    ck_assert_int_eq(chmod(path_of("empty", "pem"), 0600), 0);
    ck_assert_int_eq(mkfifo(path_of("pipe", "pem"), 0600), 0);
    make_certificate("locked", "-passout pass:secret");
    assert_refused(path_of("none", "pem"), path_of("one", "key"), "none.pem: No such file or directory");
    assert_refused(path_of("one", "pem"), path_of("none", "key"), "none.key: No such file or directory");
    assert_refused(folder.path, path_of("one", "key"), ": expected a file");
    assert_refused(path_of("pipe", "pem"), path_of("one", "key"), "pipe.pem: expected a file");
    assert_refused(path_of("empty", "pem"), path_of("one", "key"), "empty.pem: expected a certificate in PEM");
    assert_refused(path_of("one", "key"), path_of("one", "key"), "one.key: expected a certificate in PEM");
    assert_refused(path_of("one", "pem"), path_of("empty", "pem"),
                   "empty.pem: expected a private key in PEM without a password");
    assert_refused(path_of("locked", "pem"), path_of("locked", "key"),
                   "locked.key: expected a private key in PEM without a password");
}
END_TEST

START_TEST(a_chain_is_read_to_its_end_and_a_broken_one_refused)
{
    char command[400];
    snprintf(command, sizeof command, "cat %s %s > %s", path_of("one", "pem"), path_of("other", "pem"),
             path_of("chain", "pem"));
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): our own names */
    char wrong[TLS_IDENTITY_WRONG_MAX];
    tls_identity_t *identity = tls_identity_new(path_of("chain", "pem"), path_of("one", "key"), wrong);
    ck_assert_msg(identity != NULL, "%s", wrong);
    SSL *session = tls_identity_session(identity);
    STACK_OF(X509) *chain = NULL;
    ck_assert_int_eq(SSL_get0_chain_certs(session, &chain), 1);
    ck_assert_int_eq(sk_X509_num(chain), 1);
    SSL_free(session);
    tls_identity_destroy(&identity);
    snprintf(command, sizeof command, "head -c 900 %s > %s", path_of("chain", "pem"), path_of("cut", "pem"));
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): our own names */
    assert_refused(path_of("cut", "pem"), path_of("one", "key"), "cut.pem: expected a certificate in PEM");
}
END_TEST

START_TEST(a_renewal_that_fails_changes_nothing)
{
    char wrong[TLS_IDENTITY_WRONG_MAX];
    tls_identity_t *identity = identity_of("one");
    ck_assert(!tls_identity_renew(identity, path_of("other", "pem"), path_of("one", "key"), wrong));
    ck_assert_str_eq(tls_identity_name(identity), "/CN=one");
    ck_assert(tls_identity_renew(identity, path_of("other", "pem"), path_of("other", "key"), wrong));
    ck_assert_str_eq(tls_identity_name(identity), "/CN=other");
    tls_identity_destroy(&identity);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_certificate_and_its_key_are_used,     the_key_must_be_the_certificates,
                                  the_key_must_be_its_owners_alone,       what_the_supervisor_hands_over_may_show_a_group,
                                  what_is_no_certificate_or_key_is_named, a_chain_is_read_to_its_end_and_a_broken_one_refused,
                                  a_renewal_that_fails_changes_nothing};
    return RUN_TESTS("tls_identity", TEST_CASE(set_up, tear_down, tests));
}
