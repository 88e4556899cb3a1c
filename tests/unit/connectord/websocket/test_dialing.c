/* A host that has several addresses, some of which are dead. */
#include "connectord/websocket/loss.h"
#include "tests/unit/ws_client_fixture.h"

static folder_t folder;
static char hosts_path[120];

/* From now on exchange.test has these addresses, or none: see tests/system/fake_resolver.c. */
static void resolve_to(const char *addresses)
{
    char fresh[sizeof hosts_path + 4];
    snprintf(fresh, sizeof fresh, "%s.new", hosts_path);
    FILE *file = fopen(fresh, "we");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "exchange.test %s\n", addresses);
    fclose(file);
    ck_assert_int_eq(rename(fresh, hosts_path), 0);
}

static struct sockaddr_in address_of(const char *address, int port)
{
    struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    ck_assert_int_eq(inet_pton(AF_INET, address, &result.sin_addr), 1);
    return result;
}

/* Listens at the server's port on another address; nobody accepts. */
static int listen_at(const char *address, int backlog)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in at = address_of(address, rig.server.port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, backlog), 0);
    return fd;
}

static int connect_at(const char *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = address_of(address, rig.server.port);
    connect(fd, (struct sockaddr *)&at, sizeof at);
    return fd;
}

/* An address from which no answer comes: its queue is full, so that the system drops what knocks. */
typedef struct {
    int listener, filling[2];
} dead_t;

static dead_t die_at(const char *address)
{
    dead_t self = {.listener = listen_at(address, 0)};
    for (size_t i = 0; i < sizeof self.filling / sizeof *self.filling; i++)
        self.filling[i] = connect_at(address);
    return self;
}

static void bury(dead_t *self)
{
    close(self->listener);
    close(self->filling[0]);
    close(self->filling[1]);
}

/* How many wait to be accepted. */
static int knocks(int listener)
{
    int count = 0, fd;
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        close(fd);
        count++;
    }
    return count;
}

static void serve(const char *certificate_name)
{
    char certificate[96], key[96];
    if (!certificate_name) {
        server_start(&rig.server, rig.web, NULL, NULL);
        return;
    }
    make_certificate(&folder, "server", certificate_name);
    snprintf(certificate, sizeof certificate, "%s/server.pem", folder.path);
    snprintf(key, sizeof key, "%s/server.key", folder.path);
    server_start(&rig.server, rig.web, certificate, key);
}

/* Begins to connect to exchange.test, which has these addresses. */
static void connect_to_exchange(const char *addresses, bool tls)
{
    static char url[64], ca[96]; /* which are kept */
    resolve_to(addresses);
    snprintf(url, sizeof url, "%s://exchange.test:%d/ws", tls ? "wss" : "ws", rig.server.port);
    snprintf(ca, sizeof ca, "%s/server.pem", folder.path);
    connect_to(url, tls ? ca : "", 60000);
}

static void check_opens(void)
{
    UNTIL(rig.opened || rig.closed);
    ck_assert_msg(rig.opened == 1, "%s", rig.reason);
}

static void dialing_set_up(void)
{
    set_up();
    folder = folder_new();
    snprintf(hosts_path, sizeof hosts_path, "%s/hosts", folder.path);
    setenv("FAKE_HOSTS", hosts_path, 1);
}

static void dialing_tear_down(void)
{
    resolve_to("127.0.0.1"); /* whoever waits for an answer has it */
    tear_down();
    folder_remove(&folder);
}

START_TEST(dead_first_address_is_passed_by)
{
    serve(NULL);
    dead_t dead = die_at("127.0.0.2");
    connect_to_exchange("127.0.0.2 127.0.0.1", false);
    check_opens();
    bury(&dead);
}
END_TEST

START_TEST(dead_first_address_is_passed_by_with_tls)
{
    serve("exchange.test");
    dead_t dead = die_at("127.0.0.2");
    connect_to_exchange("127.0.0.2 127.0.0.1", true);
    check_opens();
    bury(&dead);
}
END_TEST

START_TEST(several_dead_addresses_are_passed_by)
{
    serve(NULL);
    dead_t dead[] = {die_at("127.0.0.2"), die_at("127.0.0.3"), die_at("127.0.0.4")};
    connect_to_exchange("127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.1", false);
    check_opens();
    for (size_t i = 0; i < sizeof dead / sizeof *dead; i++)
        bury(&dead[i]);
}
END_TEST

START_TEST(address_that_refuses_is_passed_by)
{
    serve(NULL);
    connect_to_exchange("127.0.0.2 ::1 127.0.0.3 127.0.0.1", false);
    check_opens();
}
END_TEST

START_TEST(certificate_must_name_the_host_and_not_its_address)
{
    serve("127.0.0.1");
    connect_to_exchange("127.0.0.1", true);
    UNTIL(rig.opened || rig.closed);
    ck_assert_str_eq(rig.reason, "127.0.0.1: certificate: hostname mismatch");
    ck_assert_int_eq(rig.opened, 0);
    ck_assert_int_eq(rig.server.opened, 0);
}
END_TEST

START_TEST(host_whose_addresses_all_refuse_is_told_with_one_of_them)
{
    serve(NULL);
    connect_to_exchange("127.0.0.2 127.0.0.3", false);
    UNTIL(rig.closed);
    ck_assert_msg(strncmp(rig.reason, "127.0.0.3: ", 11) == 0, "%s", rig.reason);
    ck_assert_int_eq(rig.loss, LOSS_USUAL);
}
END_TEST

START_TEST(address_that_was_good_is_tried_first)
{
    serve(NULL);
    connect_to_exchange("127.0.0.2 127.0.0.1", false);
    check_opens();
    int trap = listen_at("127.0.0.2", 8);
    server_hang_up(&rig.server);
    UNTIL(rig.closed);
    ws_client_connect(rig.ws_client);
    UNTIL(rig.opened == 2 || rig.closed == 2);
    ck_assert_int_eq(knocks(trap), 0);
    close(trap);
}
END_TEST

/* It takes connections, and says nothing: a quarter of a second shows nothing of that. */
START_TEST(address_that_led_nowhere_is_tried_last)
{
    serve(NULL);
    rig.connect_ms = 500;
    int mute = listen_at("127.0.0.2", 8);
    connect_to_exchange("127.0.0.2 127.0.0.1", false);
    UNTIL(rig.closed);
    ck_assert_str_eq(rig.reason, "no connection to exchange.test within 500 ms");
    ck_assert_int_eq(knocks(mute), 1);
    ws_client_connect(rig.ws_client);
    UNTIL(rig.opened || rig.closed == 2);
    ck_assert_msg(rig.opened == 1, "%s", rig.reason);
    ck_assert_int_eq(knocks(mute), 0);
    close(mute);
}
END_TEST

/* It takes connections, and never finishes TLS. */
START_TEST(address_that_is_mute_is_overtaken_with_tls)
{
    serve("exchange.test");
    int mute = listen_at("127.0.0.2", 8);
    connect_to_exchange("127.0.0.2 127.0.0.1", true);
    check_opens();
    ck_assert_int_eq(knocks(mute), 1);
    close(mute);
}
END_TEST

START_TEST(ipv6_has_its_turn)
{
    serve(NULL);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in6 at = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)rig.server.port), .sin6_addr = in6addr_loopback};
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0)
        return; /* a machine without IPv6 */
    ck_assert_int_eq(listen(fd, 8), 0);
    dead_t dead = die_at("127.0.0.2");
    connect_to_exchange("127.0.0.2 127.0.0.1 ::1", false);
    while (knocks(fd) == 0) /* it is the first that stands, though the last that is named */
        uv_run(loop_uv(rig.loop), UV_RUN_ONCE);
    ck_assert_int_eq(rig.opened, 0);
    bury(&dead);
    close(fd);
}
END_TEST

START_TEST(disconnect_in_the_middle_of_a_race_ends_all_of_it)
{
    serve(NULL);
    dead_t dead[] = {die_at("127.0.0.2"), die_at("127.0.0.3")};
    int third = listen_at("127.0.0.4", 8);
    rig.connect_ms = 1000;
    connect_to_exchange("127.0.0.2 127.0.0.3 127.0.0.4", false);
    while (knocks(third) == 0) /* all three are on their way by then */
        uv_run(loop_uv(rig.loop), UV_RUN_ONCE);
    ws_client_disconnect(rig.ws_client);
    resolve_to("127.0.0.1");
    ws_client_connect(rig.ws_client);
    check_opens();
    ck_assert_int_eq(rig.closed, 0);
    bury(&dead[0]);
    bury(&dead[1]);
    close(third);
}
END_TEST

START_TEST(resolver_in_trouble_is_no_fault_of_the_exchange)
{
    serve(NULL);
    connect_to_exchange("!again", false);
    UNTIL(rig.closed);
    ck_assert_msg(strncmp(rig.reason, "can't look up exchange.test: ", 29) == 0, "%s", rig.reason);
    ck_assert_int_eq(rig.loss, LOSS_LOOKUP);
}
END_TEST

START_TEST(resolver_that_does_not_answer_is_no_fault_of_the_exchange)
{
    serve(NULL);
    rig.connect_ms = 50;
    connect_to_exchange("!wait", false);
    UNTIL(rig.closed);
    ck_assert_str_eq(rig.reason, "can't look up exchange.test: no answer within 50 ms");
    ck_assert_int_eq(rig.loss, LOSS_LOOKUP);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        dead_first_address_is_passed_by,
        dead_first_address_is_passed_by_with_tls,
        several_dead_addresses_are_passed_by,
        address_that_refuses_is_passed_by,
        certificate_must_name_the_host_and_not_its_address,
        host_whose_addresses_all_refuse_is_told_with_one_of_them,
        address_that_was_good_is_tried_first,
        address_that_led_nowhere_is_tried_last,
        address_that_is_mute_is_overtaken_with_tls,
        ipv6_has_its_turn,
        disconnect_in_the_middle_of_a_race_ends_all_of_it,
        resolver_in_trouble_is_no_fault_of_the_exchange,
        resolver_that_does_not_answer_is_no_fault_of_the_exchange,
    };
    return RUN_TESTS("dialing", TEST_CASE_WITHIN(60, dialing_set_up, dialing_tear_down, tests));
}
