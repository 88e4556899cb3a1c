/* What connectors share of a conversation with an exchange, with a protocol of a word a message:
 *
 *     said:   first    +BTC-USD    -BTC-USD    or many in one: +BTC-USD,ETH-USD
 *     heard:  ok BTC-USD    end BTC-USD    no 1 (the first message)    not BTC-USD    slower    anything else is unusable
 */
#include "connectord/connectors/exchange_session.h"

#include "common/clock.h"
#include "tests/unit/exchange_fixture.h"
#include "tests/unit/run_tests.h"

enum { PAUSE_MS = 300 };

/* A connector. */
typedef struct {
    exchange_session_t session; /* begins with it, as every one does */
    uint32_t repeat_ms;         /* `first` is said over and over; 0: it is said once */
    bool quiet;                 /* … or not by itself */
    const char *nameless;       /* this symbol has no name at the exchange: it is refused before anything is said */
    int64_t paused_ns;          /* when it was asked for */
    size_t batch;               /* so many symbols a message at most; 0: one */
    uint64_t messages;          /* how many told of symbols */
} words_t;

static words_t words;

static void print_batch(words_t *self, told_symbol_t *change)
{
    told_symbol_t *batch[3];
    size_t count = told_symbols_batch(&self->session.symbols, change, batch, self->batch > 0 ? self->batch : 1);
    self->messages++;
    for (size_t i = 0; i < count; i++) {
        char mark = i > 0 ? ',' : change->wanted ? '+' : '-';
        buffer_printf(&self->session.out, "%c%.*s", mark, TEXT_ARG(batch[i]->symbol));
        batch[i]->request = self->messages;
        told_symbol_sent(batch[i]);
    }
}

static void tell(void *arg, told_symbol_t *change)
{
    words_t *self = arg;
    exchange_session_t *session = &self->session;
    if (self->nameless && text_equal(change->symbol, text_of(self->nameless))) {
        told_symbol_refused(change);
        session->events->on_rejected(session->arg, change->symbol, TEXT("no name"));
        return;
    }
    buffer_clear(&session->out);
    if (change == &session->first)
        buffer_append(&session->out, TEXT("first"));
    else
        print_batch(self, change);
    exchange_session_send(session, buffer_text(&session->out));
    if (change == &session->first)
        told_symbol_sent(change);
}

static void on_open(void *arg)
{
    words_t *self = arg;
    if (!self->quiet)
        exchange_session_say_first(&self->session);
    if (self->repeat_ms > 0)
        exchange_session_repeat_first(&self->session, self->repeat_ms);
}

/* What is unusable is reported twice. */
static void on_message(void *arg, text_t message)
{
    words_t *self = arg;
    bool subscribed = text_starts_with(message, TEXT("ok "));
    if (subscribed || text_starts_with(message, TEXT("end "))) {
        size_t word = subscribed ? 3 : 4;
        text_t symbol = {message.at + word, message.length - word};
        exchange_session_confirm(&self->session, told_symbols_find(&self->session.symbols, symbol), subscribed);
    } else if (text_starts_with(message, TEXT("no "))) {
        bool waited = exchange_session_refuse(&self->session, (uint64_t)(message.at[3] - '0'), message);
        note(events, waited ? "" : "unasked ");
    } else if (text_starts_with(message, TEXT("not "))) {
        text_t symbol = {message.at + 4, message.length - 4};
        exchange_session_refuse_one(&self->session, told_symbols_find(&self->session.symbols, symbol), message);
    } else if (text_equal(message, TEXT("slower"))) {
        self->paused_ns = clock_mono_ns();
        exchange_session_pause(&self->session, PAUSE_MS);
    } else {
        exchange_session_report(&self->session, "unusable", message);
        exchange_session_report(&self->session, "unusable", message);
    }
}

static void on_unreadable(void *arg, const char *reason, text_t sample)
{
    words_t *self = arg;
    exchange_session_report(&self->session, reason, sample);
}

static const exchange_protocol_t protocol = {
    .origin = "https://words.example",
    .on_open = on_open,
    .tell = tell,
    .on_message = on_message,
    .on_unreadable = on_unreadable,
};

static bool open_session(void)
{
    return exchange_session_open(&words.session, &protocol, loop, web, &config, &connector_events, NULL);
}

static void set_up(void)
{
    exchange_set_up();
    words = (words_t){0};
}

static void tear_down(void)
{
    exchange_session_release(&words.session);
    exchange_tear_down();
}

static void reconnect(void)
{
    exchange_session_connect(&words);
    check_after("connected ", "connected ");
}

static void connect_with(size_t count)
{
    ck_assert(open_session());
    reconnect();
    for (size_t i = 0; i < count; i++)
        exchange_session_subscribe(&words, symbols[i]);
    UNTIL(count == 0 || strstr(heard, symbols[count - 1].at));
    UNTIL(strstr(heard, "first"));
}

/* All that was heard up to and with `last`, and nothing is kept of it. */
static void check_heard(const char *last, const char *wanted)
{
    UNTIL(strstr(heard, last));
    ck_assert_str_eq(heard, wanted);
    heard[0] = '\0';
}

/* Whatever was said before the answer to this has been heard then. */
static void round_trip(void)
{
    for (int i = 0; i < 3; i++) {
        server_send(&server, "?");
        UNTIL(strstr(events, "malformed:unusable malformed:unusable "));
        events[0] = '\0';
    }
}

static void disconnect(const char *event)
{
    (void)event;
    exchange_session_disconnect(&words);
}

START_TEST(what_has_no_symbol_is_said_before_all_symbols)
{
    connect_with(3);
    ck_assert_str_eq(heard, "first\n+BTC-USD\n+ETH-USD\n+LTC-USD\n");
    ck_assert_str_eq(server.origin, "https://words.example");
}
END_TEST

START_TEST(change_of_mind_waits_for_the_confirmation)
{
    connect_with(1);
    heard[0] = '\0';
    exchange_session_unsubscribe(&words, symbols[0]);
    round_trip();
    ck_assert_str_eq(heard, "");
    server_send(&server, "ok BTC-USD");
    check_heard("-BTC-USD", "-BTC-USD\n");
    server_send(&server, "end BTC-USD");
    check_after("-BTC-USD", "+BTC-USD -BTC-USD ");
}
END_TEST

START_TEST(what_is_subscribed_already_is_confirmed_without_a_word)
{
    connect_with(1);
    heard[0] = '\0';
    server_send(&server, "ok BTC-USD");
    check_after("+BTC-USD ", "+BTC-USD ");
    exchange_session_subscribe(&words, symbols[0]);
    check_after("+BTC-USD ", "+BTC-USD ");
    round_trip();
    ck_assert_str_eq(heard, "");
}
END_TEST

START_TEST(symbol_that_is_settled_without_a_word_does_not_hold_up_the_next)
{
    words.nameless = "ETH-USD";
    connect_with(3);
    ck_assert_str_eq(heard, "first\n+BTC-USD\n+LTC-USD\n");
    ck_assert_str_eq(events, "rejected:ETH-USD:no name ");
}
END_TEST

START_TEST(no_more_is_said_than_the_limit_allows_on_whatever_connection)
{
    config.messages_per_minute = 4; /* two at once */
    connect_with(1);
    exchange_session_subscribe(&words, symbols[1]);
    round_trip();
    exchange_session_disconnect(&words);
    reconnect();
    round_trip();
    ck_assert_str_eq(heard, "first\n+BTC-USD\n");
}
END_TEST

/* Four more than what may go out at once; then one each 100 ms. */
START_TEST(what_the_limit_held_back_is_said_as_soon_as_it_may_be)
{
    enum { SYMBOLS = 603 };
    char symbol[16], last[24];
    int64_t begin_ns = clock_mono_ns();
    connect_with(0);
    for (int i = 1; i <= SYMBOLS; i++) {
        snprintf(symbol, sizeof symbol, "S%d-USD", i);
        exchange_session_subscribe(&words, text_of(symbol));
    }
    snprintf(last, sizeof last, "+%s\n", symbol);
    UNTIL(strstr(heard, last));
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 399 * NS_PER_MS);
}
END_TEST

START_TEST(after_a_pause_what_was_not_confirmed_is_said_again)
{
    connect_with(2);
    heard[0] = '\0';
    server_send(&server, "ok ETH-USD");
    server_send(&server, "slower");
    UNTIL(words.paused_ns > 0);
    exchange_session_subscribe(&words, symbols[2]);
    UNTIL(heard[0] != '\0');
    ck_assert_int_ge(clock_mono_ns() - words.paused_ns, (PAUSE_MS - 1) * NS_PER_MS);
    UNTIL(strstr(heard, "first") && strstr(heard, "+BTC-USD") && strstr(heard, "+LTC-USD"));
    ck_assert_ptr_null(strstr(heard, "ETH-USD"));
}
END_TEST

START_TEST(first_is_said_over_and_over_as_long_as_the_connection_lasts)
{
    words.repeat_ms = 5;
    connect_with(0);
    heard[0] = '\0';
    UNTIL(strstr(heard, "first\nfirst\nfirst\n"));
    ck_assert(loop_timer_running(words.session.repeater));
    server_hang_up(&server);
    check_after("lost:", "lost:closed by the exchange: 1001 going away ");
    ck_assert(!loop_timer_running(words.session.repeater));
    reconnect();
    ck_assert(loop_timer_running(words.session.repeater));
    exchange_session_disconnect(&words);
    ck_assert(!loop_timer_running(words.session.repeater));
}
END_TEST

START_TEST(each_connection_begins_with_nothing_said_and_no_pause)
{
    connect_with(1);
    server_send(&server, "slower");
    UNTIL(words.paused_ns > 0);
    exchange_session_say_first(&words.session);
    words.quiet = true;
    server_hang_up(&server);
    check_after("lost:", "lost:closed by the exchange: 1001 going away ");
    heard[0] = '\0';
    reconnect();
    exchange_session_subscribe(&words, symbols[1]);
    check_heard("+ETH-USD", "+ETH-USD\n");
    ck_assert_ptr_null(told_symbols_find(&words.session.symbols, symbols[0]));
}
END_TEST

START_TEST(unusable_messages_are_reported_until_the_source_leaves)
{
    connect_with(0);
    server_send(&server, "?");
    check_after("malformed:unusable malformed:unusable ", "malformed:unusable malformed:unusable ");
    server_send_frame(&server, TEXT("\x01"), LWS_WRITE_BINARY);
    check_after("malformed:", "malformed:expected a text message, found a binary one ");
    upon_event = disconnect;
    server_send(&server, "?");
    UNTIL(server.closed);
    ck_assert_str_eq(events, "malformed:unusable ");
    ck_assert_int_eq(server.close_code, 1000);
}
END_TEST

START_TEST(source_may_leave_when_a_symbol_is_refused)
{
    words.nameless = "BTC-USD";
    connect_with(0);
    upon_event = disconnect;
    exchange_session_subscribe(&words, symbols[0]);
    exchange_session_subscribe(&words, symbols[1]);
    UNTIL(server.closed);
    ck_assert_str_eq(events, "rejected:BTC-USD:no name ");
    ck_assert_str_eq(heard, "first\n");
}
END_TEST

START_TEST(source_may_leave_when_what_is_known_is_confirmed)
{
    connect_with(2);
    server_send(&server, "ok BTC-USD");
    server_send(&server, "ok ETH-USD");
    check_after("+ETH-USD ", "+BTC-USD +ETH-USD ");
    heard[0] = '\0';
    upon_event = disconnect;
    for (size_t i = 0; i < 3; i++)
        exchange_session_subscribe(&words, symbols[i]);
    UNTIL(server.closed);
    ck_assert_str_eq(events, "+BTC-USD ");
    ck_assert_str_eq(heard, "");
}
END_TEST

/* Three symbols, in one message. */
static void connect_with_batch(void)
{
    words.batch = 3;
    words.quiet = true;
    ck_assert(open_session());
    reconnect();
    for (size_t i = 0; i < 3; i++)
        exchange_session_subscribe(&words, symbols[i]);
    check_heard("LTC-USD\n", "+BTC-USD,ETH-USD,LTC-USD\n");
}

START_TEST(refused_message_of_many_has_each_told_by_itself)
{
    connect_with_batch();
    server_send(&server, "no 1");
    check_heard("+LTC-USD\n", "+BTC-USD\n+ETH-USD\n+LTC-USD\n");
    server_send(&server, "no 3");
    server_send(&server, "no 3");
    server_send(&server, "ok LTC-USD");
    check_after("+LTC-USD ", "rejected:ETH-USD:no 3 unasked +LTC-USD ");
    round_trip();
    ck_assert_str_eq(heard, "");
}
END_TEST

START_TEST(message_refused_because_of_one_has_the_others_told_again)
{
    connect_with_batch();
    server_send(&server, "not ETH-USD");
    check_after("rejected:", "rejected:ETH-USD:not ETH-USD ");
    check_heard("LTC-USD\n", "+BTC-USD,LTC-USD\n");
    round_trip();
    ck_assert_str_eq(heard, "");
}
END_TEST

START_TEST(session_that_could_not_be_opened_is_released)
{
    exchange_session_release(&words.session);
    config.url = "no url";
    ck_assert(!open_session());
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("exchange_session");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, what_has_no_symbol_is_said_before_all_symbols);
    tcase_add_test(tests, change_of_mind_waits_for_the_confirmation);
    tcase_add_test(tests, what_is_subscribed_already_is_confirmed_without_a_word);
    tcase_add_test(tests, symbol_that_is_settled_without_a_word_does_not_hold_up_the_next);
    tcase_add_test(tests, no_more_is_said_than_the_limit_allows_on_whatever_connection);
    tcase_add_test(tests, what_the_limit_held_back_is_said_as_soon_as_it_may_be);
    tcase_add_test(tests, after_a_pause_what_was_not_confirmed_is_said_again);
    tcase_add_test(tests, first_is_said_over_and_over_as_long_as_the_connection_lasts);
    tcase_add_test(tests, each_connection_begins_with_nothing_said_and_no_pause);
    tcase_add_test(tests, unusable_messages_are_reported_until_the_source_leaves);
    tcase_add_test(tests, source_may_leave_when_a_symbol_is_refused);
    tcase_add_test(tests, source_may_leave_when_what_is_known_is_confirmed);
    tcase_add_test(tests, refused_message_of_many_has_each_told_by_itself);
    tcase_add_test(tests, message_refused_because_of_one_has_the_others_told_again);
    tcase_add_test(tests, session_that_could_not_be_opened_is_released);
    return RUN_TESTS("exchange_session", tests);
}
