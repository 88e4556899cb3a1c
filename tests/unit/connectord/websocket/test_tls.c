/* A client's TLS against OpenSSL's server, with nothing but bytes between them. */
#include "connectord/websocket/tls.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

static folder_t folder;
static SSL_CTX *settings;
static SSL *server;
static BIO *server_in, *server_out;
static tls_trust_t *trust;
static tls_t *tls;
static size_t piece_max; /* of what the client is fed at a time */

static const char *path_of(const char *name)
{
    static char paths[2][120];
    static int next;
    snprintf(paths[next ^= 1], sizeof paths[0], "%s/%s", folder.path, name);
    return paths[next];
}

static void make_certificate(const char *name, const char *alternative)
{
    char command[600];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=%s "
             "-addext subjectAltName=%s -keyout %s/%s.key -out %s/%s.pem 2>/dev/null",
             name, alternative, folder.path, name, folder.path, name);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): our own names */
}

static FILE *open_file(const char *name, const char *end, const char *mode)
{
    char file[40];
    snprintf(file, sizeof file, "%s.%s", name, end);
    FILE *stream = fopen(path_of(file), mode);
    ck_assert_ptr_nonnull(stream);
    return stream;
}

/* It was valid up to an hour ago. */
static void let_expire(const char *name)
{
    FILE *file = open_file(name, "key", "re");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    file = open_file(name, "pem", "re");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), -3600);
    ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);
    file = open_file(name, "pem", "we");
    ck_assert_int_eq(PEM_write_X509(file, certificate), 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void set_up(void)
{
    folder = folder_new();
    piece_max = 65536;
}

static void tear_down(void)
{
    tls_destroy(&tls);
    tls_trust_destroy(&trust);
    SSL_free(server);
    SSL_CTX_free(settings);
    folder_remove(&folder);
}

/* A server with this certificate, and a client that wants `host` and trusts the authority. */
static void begin(const char *certificate, const char *authority, const char *host)
{
    char file[40];
    const char *wrong;
    settings = SSL_CTX_new(TLS_server_method());
    snprintf(file, sizeof file, "%s.pem", certificate);
    ck_assert_int_eq(SSL_CTX_use_certificate_file(settings, path_of(file), SSL_FILETYPE_PEM), 1);
    snprintf(file, sizeof file, "%s.key", certificate);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(settings, path_of(file), SSL_FILETYPE_PEM), 1);
    server = SSL_new(settings);
    server_in = BIO_new(BIO_s_mem());
    server_out = BIO_new(BIO_s_mem());
    SSL_set_bio(server, server_in, server_out);
    SSL_set_accept_state(server);
    snprintf(file, sizeof file, "%s.pem", authority);
    trust = tls_trust_new(path_of(file), &wrong);
    ck_assert_ptr_nonnull(trust);
    tls = tls_new(trust, host);
    ck_assert_ptr_nonnull(tls);
}

static void bring_to_server(void)
{
    text_t output = tls_output(tls);
    if (output.length > 0)
        ck_assert_int_eq(BIO_write(server_in, output.at, (int)output.length), (int)output.length);
    tls_was_sent(tls);
}

/* False when there is nothing. */
static bool bring_to_client(void)
{
    char bytes[65536];
    int length = BIO_read(server_out, bytes, (int)piece_max);
    if (length <= 0)
        return false;
    ck_assert(tls_feed(tls, (text_t){bytes, (size_t)length}));
    return true;
}

static tls_result_t shake_hands(void)
{
    tls_result_t result = tls_shake_hands(tls);
    while (result == TLS_WAITING) {
        bring_to_server();
        SSL_do_handshake(server);
        ck_assert(bring_to_client());
        result = tls_shake_hands(tls);
    }
    bring_to_server();
    SSL_do_handshake(server);
    return result;
}

static void check_refused(const char *wanted)
{
    ck_assert_int_eq(shake_hands(), TLS_FAILED);
    ck_assert_str_eq(tls_wrong(tls), wanted);
    ck_assert_int_eq(SSL_is_init_finished(server), 0); /* it was told */
}

/* Reads until the client waits or more, and appends what it read. */
static tls_result_t read_all(char *all, size_t *length)
{
    text_t text;
    tls_result_t result;
    do {
        while ((result = tls_read(tls, &text)) == TLS_DONE) {
            memcpy(all + *length, text.at, text.length);
            *length += text.length;
        }
    } while (result == TLS_WAITING && bring_to_client());
    return result;
}

static void check_exchange(void)
{
    static char said[100000], heard[sizeof said];
    for (size_t i = 0; i < sizeof said; i++)
        said[i] = (char)('a' + i % 23);
    ck_assert_int_eq(shake_hands(), TLS_DONE);
    ck_assert_int_eq(SSL_write(server, said, sizeof said), sizeof said);
    size_t length = 0;
    ck_assert_int_eq(read_all(heard, &length), TLS_WAITING);
    ck_assert_uint_eq(length, sizeof said);
    ck_assert_mem_eq(heard, said, sizeof said);
    ck_assert(tls_write(tls, TEXT("hello")));
    bring_to_server();
    ck_assert_int_eq(SSL_read(server, heard, sizeof heard), 5);
    ck_assert_mem_eq(heard, "hello", 5);
}

START_TEST(both_sides_hear_what_the_other_says)
{
    make_certificate("exchange", "DNS:exchange.test");
    begin("exchange", "exchange", "exchange.test");
    check_exchange();
    ck_assert_str_eq(SSL_get_servername(server, TLSEXT_NAMETYPE_host_name), "exchange.test");
}
END_TEST

START_TEST(pieces_may_be_of_any_size)
{
    static const size_t sizes[] = {1, 3, 5, 1000, 16384, 16385};
    make_certificate("exchange", "DNS:exchange.test");
    piece_max = sizes[_i];
    begin("exchange", "exchange", "exchange.test");
    check_exchange();
}
END_TEST

START_TEST(version_1_2_is_spoken_too_and_older_ones_are_not)
{
    make_certificate("exchange", "DNS:exchange.test");
    begin("exchange", "exchange", "exchange.test");
    SSL_set_max_proto_version(server, _i == 0 ? TLS1_2_VERSION : TLS1_1_VERSION);
    if (_i == 0)
        check_exchange();
    else
        ck_assert_int_eq(shake_hands(), TLS_FAILED);
}
END_TEST

START_TEST(address_is_checked_as_one)
{
    make_certificate("exchange", "IP:127.0.0.1");
    begin("exchange", "exchange", "127.0.0.1");
    check_exchange();
    ck_assert_ptr_null(SSL_get_servername(server, TLSEXT_NAMETYPE_host_name));
}
END_TEST

START_TEST(another_address_is_refused)
{
    make_certificate("exchange", "IP:127.0.0.1");
    begin("exchange", "exchange", "127.0.0.2");
    check_refused("certificate: IP address mismatch");
}
END_TEST

START_TEST(another_name_is_refused)
{
    make_certificate("exchange", "DNS:exchange.test");
    begin("exchange", "exchange", "another.test");
    check_refused("certificate: hostname mismatch");
}
END_TEST

START_TEST(certificate_that_nobody_trusts_is_refused)
{
    make_certificate("exchange", "DNS:exchange.test");
    make_certificate("other", "DNS:exchange.test");
    begin("exchange", "other", "exchange.test");
    check_refused("certificate: self-signed certificate");
}
END_TEST

START_TEST(certificate_that_is_over_is_refused)
{
    make_certificate("exchange", "DNS:exchange.test");
    let_expire("exchange");
    begin("exchange", "exchange", "exchange.test");
    check_refused("certificate: certificate has expired");
}
END_TEST

START_TEST(peer_that_speaks_something_else_is_told)
{
    make_certificate("exchange", "DNS:exchange.test");
    begin("exchange", "exchange", "exchange.test");
    ck_assert_int_eq(tls_shake_hands(tls), TLS_WAITING);
    ck_assert(tls_feed(tls, TEXT("HTTP/1.1 400 Bad Request\r\n\r\n")));
    ck_assert_int_eq(tls_shake_hands(tls), TLS_FAILED);
    ck_assert_str_eq(tls_wrong(tls), "TLS: wrong version number");
}
END_TEST

START_TEST(bytes_that_were_changed_on_the_way_end_it)
{
    char bytes[1000];
    text_t text;
    make_certificate("exchange", "DNS:exchange.test");
    begin("exchange", "exchange", "exchange.test");
    ck_assert_int_eq(shake_hands(), TLS_DONE);
    SSL_write(server, "trade", 5);
    int length = BIO_read(server_out, bytes, sizeof bytes);
    bytes[length - 1] ^= 1;
    ck_assert(tls_feed(tls, (text_t){bytes, (size_t)length}));
    ck_assert_int_eq(tls_read(tls, &text), TLS_FAILED);
    ck_assert_str_eq(tls_wrong(tls), "TLS: decryption failed or bad record mac");
}
END_TEST

START_TEST(each_side_may_end_it)
{
    char bytes[100];
    size_t length = 0;
    make_certificate("exchange", "DNS:exchange.test");
    begin("exchange", "exchange", "exchange.test");
    ck_assert_int_eq(shake_hands(), TLS_DONE);
    SSL_write(server, "last", 4);
    SSL_shutdown(server);
    ck_assert_int_eq(read_all(bytes, &length), TLS_ENDED);
    ck_assert_uint_eq(length, 4);
    tls_end(tls);
    bring_to_server();
    ck_assert_int_eq(SSL_read(server, bytes, sizeof bytes), 0);
    ck_assert_int_eq(SSL_get_shutdown(server) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}
END_TEST

START_TEST(what_was_read_outlives_the_connection)
{
    text_t text;
    make_certificate("exchange", "DNS:exchange.test");
    begin("exchange", "exchange", "exchange.test");
    ck_assert_int_eq(shake_hands(), TLS_DONE);
    SSL_write(server, "trade", 5);
    while (bring_to_client())
        ;
    ck_assert_int_eq(tls_read(tls, &text), TLS_DONE);
    tls_destroy(&tls);
    ck_assert(text_equal(text, TEXT("trade")));
}
END_TEST

START_TEST(certificates_that_cant_be_read_are_told)
{
    const char *wrong = NULL;
    ck_assert_ptr_null(tls_trust_new("/there/is/no/such/file", &wrong));
    ck_assert_str_eq(wrong, "No such file or directory");
    fclose(open_file("empty", "pem", "we"));
    ck_assert_ptr_null(tls_trust_new(path_of("empty.pem"), &wrong));
    ck_assert_str_eq(wrong, "no certificate or crl found");
    trust = tls_trust_new("", &wrong); /* the system's */
    ck_assert_ptr_nonnull(trust);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("tls");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, both_sides_hear_what_the_other_says);
    tcase_add_loop_test(tcase, pieces_may_be_of_any_size, 0, 6);
    tcase_add_loop_test(tcase, version_1_2_is_spoken_too_and_older_ones_are_not, 0, 2);
    tcase_add_test(tcase, address_is_checked_as_one);
    tcase_add_test(tcase, another_address_is_refused);
    tcase_add_test(tcase, another_name_is_refused);
    tcase_add_test(tcase, certificate_that_nobody_trusts_is_refused);
    tcase_add_test(tcase, certificate_that_is_over_is_refused);
    tcase_add_test(tcase, peer_that_speaks_something_else_is_told);
    tcase_add_test(tcase, bytes_that_were_changed_on_the_way_end_it);
    tcase_add_test(tcase, each_side_may_end_it);
    tcase_add_test(tcase, what_was_read_outlives_the_connection);
    tcase_add_test(tcase, certificates_that_cant_be_read_are_told);
    return RUN_TESTS("tls", tcase);
}
