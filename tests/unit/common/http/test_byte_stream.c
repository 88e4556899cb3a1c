/* Both sides of a connection over a pair of sockets, the server's under TLS, the other OpenSSL's client.
 *
 * Over 400 lines, but one idea: what a connection under TLS promises.
 */
#include "common/http/byte_stream.h"
#include "tests/unit/common/http/tls_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MANY = 1 << 20, ROOM = 1 << 17, LONG = 30000, BUFFER = 4096 };

static tls_identity_t *identity;
static SSL_CTX *settings;
static SSL *client;
static byte_stream_t stream;
static int client_fd;
static char room[ROOM];
static unsigned sends;

/* These stand before the system's. */
ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    sends++;
    return sendto(fd, bytes, length, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    sends++;
    return syscall(SYS_sendmsg, fd, message, flags);
}

static bool is_shaking(void)
{
    return byte_stream_held(&stream) == BYTE_STREAM_SHAKING_BYTES;
}

static void open_pair(void)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &(int){BUFFER}, sizeof(int));
    ck_assert(byte_stream_open(&stream, ends[0], identity));
    client_fd = ends[1];
    client = client_over(settings, client_fd);
    ck_assert(is_shaking());
}

static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN); /* as loop.h */
    folder = folder_new();
    make_certificate("one", "-nodes");
    identity = identity_of("one");
    settings = SSL_CTX_new(TLS_client_method());
    open_pair();
}

static void close_pair(void)
{
    SSL_free(client);
    close(client_fd);
    if (stream.fd != -1)
        byte_stream_close(&stream);
}

static void tear_down(void)
{
    close_pair();
    SSL_CTX_free(settings);
    tls_identity_destroy(&identity);
    folder_remove(&folder);
}

/* Until neither has anything to say. */
static void shake_hands(void)
{
    bool done = false;
    for (int i = 0; i < 100 && !(done && !is_shaking()); i++) {
        done = SSL_do_handshake(client) == 1;
        ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), -1);
        ck_assert_int_eq(errno, EAGAIN);
    }
    ck_assert(done);
    ck_assert_uint_eq(tls_identity_counts(identity)->shaken, 1);
}

static unsigned char byte_at(size_t at)
{
    return (unsigned char)(at * 2654435761U >> 13);
}

/* What the client gets are the bytes that were taken, one after the other. Returns how many there were. */
static size_t receive(size_t from)
{
    unsigned char got[1000];
    int count = SSL_read(client, got, sizeof got);
    bool same = true;
    for (int i = 0; i < count; i++)
        same = same && got[i] == byte_at(from + (size_t)i);
    ck_assert(same);
    return count > 0 ? (size_t)count : 0;
}

/* Bytes from `at` on, as a head and a body. */
static ssize_t offer(size_t at, size_t head, size_t body)
{
    static char bytes[ROOM];
    for (size_t i = 0; i < head + body; i++)
        bytes[i] = (char)byte_at(at + i);
    ssize_t taken = byte_stream_write(&stream, (text_t){bytes, head}, (text_t){bytes + head, body});
    memset(bytes, 'x', sizeof bytes); /* whoever wrote it has forgotten it */
    return taken;
}

/* What is offered next is never what was offered before: how much it is differs each time. */
static void send_and_receive(void)
{
    size_t sent = 0, received = 0, waited = 0;
    for (unsigned turn = 0; received < MANY || received < sent; turn++) {
        ck_assert(byte_stream_flush(&stream));
        if (sent < MANY && !byte_stream_waits(&stream)) {
            ssize_t taken = offer(sent, turn * 131 % 9000, turn * 977 % 20000);
            sent += taken > 0 ? (size_t)taken : 0;
        }
        waited += byte_stream_waits(&stream);
        if (byte_stream_waits(&stream))
            ck_assert_int_eq(offer(sent, 10, 0), -1);
        for (size_t count; (count = receive(received)) > 0;)
            received += count;
    }
    ck_assert_uint_eq(received, sent);
    ck_assert_uint_gt(waited, 10);
}

START_TEST(what_is_taken_arrives_in_order_whatever_is_offered_next)
{
    shake_hands();
    send_and_receive();
}
END_TEST

START_TEST(a_peer_may_want_short_records)
{
    SSL_set_tlsext_max_fragment_length(client, TLSEXT_max_fragment_length_512);
    shake_hands();
    send_and_receive();
}
END_TEST

START_TEST(an_older_peer_is_served_too)
{
    SSL_set_max_proto_version(client, TLS1_2_VERSION);
    shake_hands();
    ck_assert_str_eq(SSL_get_version(client), "TLSv1.2");
    send_and_receive();
}
END_TEST

/* Whatever the peer would like best. */
START_TEST(what_is_quick_to_seal_is_agreed_on)
{
    ck_assert_int_eq(SSL_set_ciphersuites(client, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"), 1);
    shake_hands();
    ck_assert_str_eq(SSL_get_cipher_name(client), "TLS_AES_128_GCM_SHA256");
}
END_TEST

START_TEST(an_older_peer_gets_it_too)
{
    SSL_set_max_proto_version(client, TLS1_2_VERSION);
    ck_assert_int_eq(SSL_set_cipher_list(client, "ECDHE+AESGCM+AES256:ECDHE+AESGCM"), 1);
    shake_hands();
    ck_assert_str_eq(SSL_get_cipher_name(client), "ECDHE-ECDSA-AES128-GCM-SHA256");
}
END_TEST

START_TEST(a_peer_that_only_knows_what_is_weak_is_refused)
{
    SSL_set_max_proto_version(client, TLS1_2_VERSION);
    ck_assert_int_eq(SSL_set_cipher_list(client, "ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA"), 1);
    SSL_do_handshake(client);
    ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    ck_assert_uint_eq(tls_identity_counts(identity)->failed, 1);
}
END_TEST

START_TEST(nothing_is_held_back_that_the_loop_would_not_see)
{
    static const char bytes[16384 + 1];
    shake_hands();
    ck_assert_int_eq(SSL_write(client, bytes, sizeof bytes), sizeof bytes);
    ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), 16384);
    ck_assert_int_gt(recv(stream.fd, room, sizeof room, MSG_PEEK), 1);
    ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), 1);
    ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), -1);
}
END_TEST

START_TEST(a_run_is_one_record)
{
    shake_hands();
    while (recv(client_fd, room, sizeof room, 0) > 0) /* a ticket */
        ;
    ck_assert_int_eq(offer(0, 1000, 2000), 3000);
    ck_assert_int_eq(recv(client_fd, room, sizeof room, 0), 5 + 3000 + 1 + 16); /* RFC 8446: head, text, its type, seal */
}
END_TEST

/* Of a peer that takes everything: ever more goes out at once. */
START_TEST(many_records_go_out_by_one_call)
{
    setsockopt(stream.fd, SOL_SOCKET, SO_SNDBUF, &(int){MANY}, sizeof(int));
    shake_hands();
    size_t sent = 0, received = 0;
    for (int i = 0; i < 8; i++) {
        sends = 0;
        ck_assert_int_eq(offer(sent, 1000, LONG - 1000), LONG);
        for (sent += LONG; received < sent;)
            received += receive(received);
    }
    ck_assert_uint_eq(sends, 1);
    ck_assert_uint_gt(LONG, TLS_RECORD_MAX);
}
END_TEST

/* Where nothing was taken last time, one record is sealed, and no more. */
START_TEST(little_waits_for_a_peer_that_is_slow)
{
    shake_hands();
    size_t sent = 0, received = 0;
    for (int i = 0; i < 8; i++) {
        ssize_t taken = offer(sent, 0, LONG);
        ck_assert(byte_stream_waits(&stream));
        ck_assert_int_eq(taken, TLS_RECORD_MAX);
        ck_assert_uint_gt(byte_stream_held(&stream), 0);
        for (sent += (size_t)taken; received < sent || byte_stream_waits(&stream); ck_assert(byte_stream_flush(&stream)))
            received += receive(received);
        ck_assert_uint_eq(byte_stream_held(&stream), 0);
    }
}
END_TEST

START_TEST(a_peer_that_goes_while_something_waits_breaks_it)
{
    shake_hands();
    offer(0, 0, LONG);
    ck_assert(byte_stream_waits(&stream));
    shutdown(client_fd, SHUT_RDWR);
    ck_assert(!byte_stream_flush(&stream));
    ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    ck_assert_uint_eq(tls_identity_counts(identity)->failed, 0);
}
END_TEST

/* As if it had so many between itself and its root. */
static void repeat_certificate(unsigned times)
{
    char wrong[TLS_IDENTITY_WRONG_MAX], bytes[4096];
    FILE *one = fopen(path_of("one", "pem"), "r"), *many = fopen(path_of("many", "pem"), "w");
    ck_assert(one && many);
    size_t length = fread(bytes, 1, sizeof bytes, one);
    while (times-- > 0)
        ck_assert_uint_eq(fwrite(bytes, 1, length, many), length);
    fclose(one);
    fclose(many);
    ck_assert_msg(tls_identity_renew(identity, path_of("many", "pem"), path_of("one", "key"), wrong), "%s", wrong);
}

/* What a server says first is longer than what the system takes. The peer says nothing until it has all of it. */
START_TEST(hands_are_shaken_with_a_peer_that_takes_little_at_once)
{
    bool done = false;
    unsigned waited = 0;
    close_pair();
    repeat_certificate(100);
    open_pair();
    for (int i = 0; i < 1000 && !(done && !is_shaking()); i++) {
        done = SSL_do_handshake(client) == 1;
        if (i > 0 && !done && !byte_stream_reads_when_writable(&stream))
            continue;
        ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), -1);
        ck_assert_int_eq(errno, EAGAIN);
        waited += byte_stream_reads_when_writable(&stream);
    }
    ck_assert(done && waited > 1);
    send_and_receive();
}
END_TEST

START_TEST(each_side_may_end_and_still_be_told_something)
{
    shake_hands();
    ck_assert_int_ge(SSL_shutdown(client), 0);
    ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), 0);
    ck_assert_int_eq(offer(0, 10, 0), 10);
    ck_assert_uint_eq(receive(0), 10);
    ck_assert_int_eq(byte_stream_end(&stream), 0);
    ck_assert_uint_eq(receive(0), 0);
    ck_assert_int_eq(SSL_get_shutdown(client) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}
END_TEST

START_TEST(a_peer_that_ends_without_a_word_has_ended)
{
    shake_hands();
    ck_assert_int_eq(SSL_write(client, "a", 1), 1);
    shutdown(client_fd, SHUT_WR);
    ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), 1);
    ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), 0);
    ck_assert_int_eq(offer(0, 10, 0), 10);
    ck_assert_uint_eq(receive(0), 10);
}
END_TEST

START_TEST(what_is_no_tls_breaks_it_and_a_forgotten_s_is_told)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    ck_assert_int_eq(send(client_fd, request, sizeof request - 1, 0), sizeof request - 1);
    ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    ck_assert_uint_eq(tls_identity_counts(identity)->failed, 1);
    ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), -1);
    byte_stream_close(&stream);
    ssize_t got = recv(client_fd, room, sizeof room, 0);
    ck_assert_int_gt(got, 0);
    ck_assert_msg(text_starts_with((text_t){room, (size_t)got}, TEXT("HTTP/1.1 400 ")), "%.*s", (int)got, room);
}
END_TEST

START_TEST(a_record_that_was_tampered_with_breaks_it)
{
    shake_hands();
    static const char record[] = "\x17\x03\x03\x00\x14"
                                 "aaaaaaaaaaaaaaaaaaaa";
    ck_assert_int_eq(send(client_fd, record, sizeof record - 1, 0), sizeof record - 1);
    ck_assert_int_eq(byte_stream_read(&stream, room, sizeof room), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    ck_assert_int_eq(offer(0, 10, 0), -1);
    ck_assert_uint_eq(tls_identity_counts(identity)->failed, 0);
}
END_TEST

START_TEST(new_keys_may_be_asked_for)
{
    shake_hands();
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(SSL_key_update(client, SSL_KEY_UPDATE_REQUESTED), 1);
        ck_assert_int_eq(SSL_do_handshake(client), 1);
        ck_assert_int_eq(SSL_write(client, "a", 1), 1);
        ssize_t got = -1;
        for (int look = 0; look < 3 && got != 1; look++)
            got = byte_stream_read(&stream, room, sizeof room);
        ck_assert_int_eq(got, 1);
    }
    send_and_receive();
}
END_TEST

static const struct {
    int version;
    const char *protocols; /* that are offered, each behind its length */
    bool good;
} offers[] = {
    {TLS1_3_VERSION, "", true},
    {TLS1_3_VERSION, "\x08http/1.1", true},
    {TLS1_2_VERSION, "\x02h2\x08http/1.1", true},
    {TLS1_3_VERSION, "\x02h2", false},
    {TLS1_2_VERSION, "\x02h2", false},
    {TLS1_1_VERSION, "", false},
    {TLS1_VERSION, "\x08http/1.1", false},
};

START_TEST(versions_and_protocols_are_agreed_on)
{
    const unsigned char *chosen;
    unsigned length;
    size_t offered = strlen(offers[_i].protocols);
    SSL_set_security_level(client, 0);
    SSL_set_min_proto_version(client, offers[_i].version);
    SSL_set_max_proto_version(client, offers[_i].version);
    if (offered > 0)
        ck_assert_int_eq(SSL_set_alpn_protos(client, (const unsigned char *)offers[_i].protocols, (unsigned)offered), 0);
    bool done = false;
    for (int i = 0; i < 10; i++) {
        done = SSL_do_handshake(client) == 1;
        byte_stream_read(&stream, room, sizeof room);
    }
    ck_assert(done == offers[_i].good && done == !is_shaking());
    SSL_get0_alpn_selected(client, &chosen, &length);
    ck_assert_uint_eq(length, done && offered > 0 ? 8 : 0);
    ck_assert_uint_eq(tls_identity_counts(identity)->failed, !done);
}
END_TEST

START_TEST(a_session_is_resumed_by_its_ticket)
{
    shake_hands();
    ck_assert_int_eq(offer(0, 10, 0), 10);
    ck_assert_uint_eq(receive(0), 10);
    SSL_SESSION *session = SSL_get1_session(client);
    ck_assert(SSL_SESSION_is_resumable(session));
    int ends[2];
    byte_stream_t again;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    ck_assert(byte_stream_open(&again, ends[0], identity));
    SSL *second = client_over(settings, ends[1]);
    SSL_set_session(second, session);
    for (int i = 0; i < 10; i++) {
        SSL_do_handshake(second);
        byte_stream_read(&again, room, sizeof room);
    }
    ck_assert(SSL_is_init_finished(second) && SSL_session_reused(second));
    SSL_free(second);
    SSL_SESSION_free(session);
    byte_stream_close(&again);
    close(ends[1]);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_is_taken_arrives_in_order_whatever_is_offered_next,
                                  a_peer_may_want_short_records,
                                  an_older_peer_is_served_too,
                                  what_is_quick_to_seal_is_agreed_on,
                                  an_older_peer_gets_it_too,
                                  a_peer_that_only_knows_what_is_weak_is_refused,
                                  nothing_is_held_back_that_the_loop_would_not_see,
                                  a_run_is_one_record,
                                  many_records_go_out_by_one_call,
                                  little_waits_for_a_peer_that_is_slow,
                                  a_peer_that_goes_while_something_waits_breaks_it,
                                  hands_are_shaken_with_a_peer_that_takes_little_at_once,
                                  each_side_may_end_and_still_be_told_something,
                                  a_peer_that_ends_without_a_word_has_ended,
                                  what_is_no_tls_breaks_it_and_a_forgotten_s_is_told,
                                  a_record_that_was_tampered_with_breaks_it,
                                  new_keys_may_be_asked_for,
                                  a_session_is_resumed_by_its_ticket};
    TCase *all = TEST_CASE(set_up, tear_down, tests);
    tcase_add_loop_test(all, versions_and_protocols_are_agreed_on, 0, sizeof offers / sizeof *offers);
    return RUN_TESTS("byte_stream", all);
}
