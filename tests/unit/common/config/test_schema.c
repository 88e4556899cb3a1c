#include "common/config/schema.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

START_TEST(every_path_is_in_the_table_once)
{
    const schema_key_t *key;
    for (size_t i = 0; (key = schema_key(i)); i++) {
        ck_assert_uint_le(strlen(key->path), SCHEMA_PATH_MAX);
        ck_assert_msg(schema_find(key->path) == key, "%s is there twice", key->path);
        ck_assert_msg(!schema_is_section(key->path), "%s is a key and a section", key->path);
        ck_assert_uint_gt(strlen(key->help), 0);
        ck_assert(key->format != FORMAT_CHOICE || key->choices);
    }
    ck_assert_ptr_null(schema_key(1000000));
}
END_TEST

START_TEST(text_defaults_are_within_their_own_format)
{
    const schema_key_t *key;
    for (size_t i = 0; (key = schema_key(i)); i++)
        if (key->type == KEY_TEXT && key->initial)
            ck_assert_msg(schema_takes_text(key, text_of(key->initial)), "%s: %s", key->path, key->initial);
}
END_TEST

START_TEST(walk_gives_each_name_below_a_section_once_and_in_order)
{
    static const char *const wanted[] = {"initial_ms", "multiplier", "maximum_ms", "jitter"};
    size_t count = 0;
    schema_walk_t walk = schema_walk("connectord.sources[].backoff");
    for (; schema_next(&walk); count++)
        ck_assert(count < 4 && text_equal(walk.name, text_of(wanted[count])));
    ck_assert_uint_eq(count, 4);
    static const char *const top[] = {"log", "connectord", "cached", "gatewayd"};
    count = 0;
    walk = schema_walk("");
    for (; schema_next(&walk); count++)
        ck_assert(count < 4 && text_equal(walk.name, text_of(top[count])));
    ck_assert_uint_eq(count, 4);
}
END_TEST

START_TEST(sections_are_what_has_keys_below)
{
    ck_assert(schema_is_section(""));
    ck_assert(schema_is_section("gatewayd"));
    ck_assert(schema_is_section("connectord.sources[]"));
    ck_assert(!schema_is_section("gateway"));
    ck_assert(!schema_is_section("gatewayd.listen"));
    ck_assert_ptr_null(schema_find("gatewayd"));
}
END_TEST

static const struct {
    const char *section, *name, *nearest;
} misspelled[] = {
    {"gatewayd", "lisen", "listen"},
    {"gatewayd", "Listen", "listen"},
    {"gatewayd", "clients_per_adress", "clients_per_address"},
    {"", "gateway", "gatewayd"},
    {"connectord.sources[]", "tokn", "token"},
    {"connectord.sources[]", "symbol", "symbols"},
    {"connectord.sources[].backoff", "max_ms", ""},
    {"gatewayd", "colour", ""},
    {"gatewayd", "", ""},
    {"gatewayd", "a_name_that_is_longer_than_any_that_there_is_in_the_table_of_all_the_keys", ""},
};

START_TEST(misspelled_name_finds_the_nearest_when_it_is_near)
{
    text_t nearest = schema_nearest(misspelled[_i].section, text_of(misspelled[_i].name));
    ck_assert_msg(text_equal(nearest, text_of(misspelled[_i].nearest)), "%s: %.*s", misspelled[_i].name, TEXT_ARG(nearest));
}
END_TEST

static const struct {
    const char *path;
    double number;
    bool taken;
} numbers[] = {
    {"gatewayd.message_bytes", 1024, true},      {"gatewayd.message_bytes", 1023, false},
    {"gatewayd.message_bytes", 16777216, true},  {"gatewayd.message_bytes", 16777217, false},
    {"gatewayd.message_bytes", 2000.5, false},   {"gatewayd.ring_bytes", 65536, true},
    {"gatewayd.ring_bytes", 100000, false},      {"gatewayd.ring_bytes", 1073741824, true},
    {"gatewayd.ring_bytes", 32768, false},       {"gatewayd.ring_bytes", 2147483648.0, false},
    {"connectord.sources[].speed", 0, true},     {"connectord.sources[].speed", 0.5, true},
    {"connectord.sources[].speed", -0.5, false}, {"connectord.sources[].speed", 1e6 + 1, false},
    {"cached.trades", 1e300 * 1e300, false},     {"connectord.journal.bytes", 1099511627776.0, true},
};

START_TEST(number_is_taken_within_its_range)
{
    const schema_key_t *key = schema_find(numbers[_i].path);
    ck_assert_ptr_nonnull(key);
    ck_assert_msg(schema_takes_number(key, numbers[_i].number) == numbers[_i].taken, "%s %f", key->path, numbers[_i].number);
}
END_TEST

static const struct {
    text_format_t format;
    const char *text;
    bool good;
} texts[] = {
    {FORMAT_ADDRESS, "127.0.0.1:8080", true},
    {FORMAT_ADDRESS, "localhost:1", true},
    {FORMAT_ADDRESS, "a-b.example.org:65535", true},
    {FORMAT_ADDRESS, "[::1]:80", true},
    {FORMAT_ADDRESS, "[fe80::1%eth0]:80", true},
    {FORMAT_ADDRESS, "[fe80::1%]:80", false},
    {FORMAT_ADDRESS, "[::1%lo]:80", false},
    {FORMAT_ADDRESS, "8080", false},
    {FORMAT_ADDRESS, ":8080", false},
    {FORMAT_ADDRESS, "localhost:", false},
    {FORMAT_ADDRESS, "localhost:0", false},
    {FORMAT_ADDRESS, "localhost:65536", false},
    {FORMAT_ADDRESS, "localhost:08x", false},
    {FORMAT_ADDRESS, "::1:80", false},
    {FORMAT_ADDRESS, "[::1:80", false},
    {FORMAT_ADDRESS, "[]:80", false},
    {FORMAT_ADDRESS, "[:80", false},
    {FORMAT_ADDRESS, "300.0.0.1:80", false},
    {FORMAT_ADDRESS, "1.2.3:80", false},
    {FORMAT_ADDRESS, "a..b:80", false},
    {FORMAT_ADDRESS, "a b:80", false},
    {FORMAT_ADDRESS, "*:80", false},
    {FORMAT_ENDPOINT, "tcp://127.0.0.1:5556", true},
    {FORMAT_ENDPOINT, "tcp://[::1]:5556", true},
    {FORMAT_ENDPOINT, "ipc:///run/bus", true},
    {FORMAT_ENDPOINT, "ipc://", false},
    {FORMAT_ENDPOINT, "ipc://*", false},
    {FORMAT_ENDPOINT, "ipc://@", false},
    {FORMAT_ENDPOINT, "ipc://@bus", true},
    {FORMAT_ENDPOINT, "tcp://*:5556", false},
    {FORMAT_ENDPOINT, "inproc://bus", false},
    {FORMAT_ENDPOINT, "127.0.0.1:5556", false},
    {FORMAT_ENDPOINT, "tcp://127.0.0.1", false},
    {FORMAT_BIND, "tcp://*:5556", true},
    {FORMAT_BIND, "tcp://**:5556", false},
    {FORMAT_URL, "ws://127.0.0.1:5000/ws", true},
    {FORMAT_URL, "wss://ws.blockchain.info/mercury-gateway/v1/ws", true},
    {FORMAT_URL, "wss://host?a=b", true},
    {FORMAT_URL, "wss://[::1]/", true},
    {FORMAT_URL, "http://host/trades?pair=${native}", true},
    {FORMAT_URL, "https://host:8443/", true},
    {FORMAT_URL, "https://user:word@host/", false},
    {FORMAT_URL, "ftp://host/", false},
    {FORMAT_URL, "ws://", false},
    {FORMAT_URL, "ws:///path", false},
    {FORMAT_URL, "ws://host/a b", false},
    {FORMAT_URL, "ws://host/#a", false},
    {FORMAT_URL, "ws://user:word@host/", false},
    {FORMAT_URL, "ws://host:0/", false},
    {FORMAT_ORIGIN, "https://example.org", true},
    {FORMAT_ORIGIN, "http://localhost:8080", true},
    {FORMAT_ORIGIN, "null", true},
    {FORMAT_ORIGIN, "*", true},
    {FORMAT_ORIGIN, "https://example.org/", false},
    {FORMAT_ORIGIN, "example.org", false},
    {FORMAT_ORIGIN, "://example.org", false},
    {FORMAT_HOST, "md.example", true},
    {FORMAT_HOST, "*", true},
    {FORMAT_HOST, "md.example:8080", false},
    {FORMAT_HOST, "https://md.example", false},
    {FORMAT_SOURCE, "blockchain", true},
    {FORMAT_SOURCE, "two words", false},
    {FORMAT_SYMBOL, "BTC-USD", true},
    {FORMAT_SYMBOL, "BTC-USD-PERP", true},
    {FORMAT_SYMBOL, "BTC-USD/EUR", false},
    {FORMAT_SYMBOL, "BTCUSD", false},
    {FORMAT_STORE, "memory:", true},
    {FORMAT_STORE, "sqlite:///state/trades.db", true},
    {FORMAT_STORE, "postgres://user:word@host/trades", true},
    {FORMAT_STORE, "redis://host:6379", true},
    {FORMAT_STORE, "memory", false},
    {FORMAT_STORE, "sqlite:///", false},
    {FORMAT_STORE, "sqlite://trades.db", false},
    {FORMAT_STORE, "mysql://host", false},
    {FORMAT_CHOICE, "yes", true},
    {FORMAT_CHOICE, "no", true},
    {FORMAT_CHOICE, "n", false},
    {FORMAT_CHOICE, "yes|no", false},
    {FORMAT_PATH, "state/journal", true},
    {FORMAT_PATH, "a\nb", false},
    {FORMAT_ANY, "t\xc3\xb6ken", true},
    {FORMAT_ANY, "\xff", false},
    {FORMAT_ANY, "a\x7f", false},
    {FORMAT_ANY, "", false},
};

START_TEST(text_is_taken_in_its_format)
{
    const char *choices = texts[_i].format == FORMAT_CHOICE ? "yes|no" : NULL;
    ck_assert_msg(text_format_matches(texts[_i].format, choices, text_of(texts[_i].text)) == texts[_i].good, "\"%s\"",
                  texts[_i].text);
}
END_TEST

static const struct {
    text_format_t format;
    const char *text, *shown;
} masks[] = {
    {FORMAT_STORE, "postgres://user:word@host/trades", "postgres://***@host/trades"},
    {FORMAT_STORE, "postgres://user:w@rd@host/trades", "postgres://***@host/trades"},
    {FORMAT_STORE, "postgres:/user:word@host", "postgres:***@host"},
    {FORMAT_STORE, "user:word@host", "user:***@host"},
    {FORMAT_STORE, "word@", "***@"},
    {FORMAT_STORE, "redis://host?password=word", "redis://host?***"},
    {FORMAT_STORE, "sqlite:///a@b.db", "sqlite:///a@b.db"},
    {FORMAT_STORE, "memory:", "memory:"},
    {FORMAT_STORE, "redis://host/0?user=a@b&password=word", "redis://***"},
    {FORMAT_STORE, "redis://user:wo?rd@host/0", "redis://***"},
    {FORMAT_STORE, "postgres://host/trades?sslmode=require", "postgres://host/trades?***"},
    {FORMAT_URL, "wss://host/ws?key=word", "wss://host/ws?***"},
    {FORMAT_URL, "wss://host/ws?mail=me@host&key=word", "wss://***"},
    {FORMAT_URL, "wss://user:word@host:443/ws", "wss://***@host:443/ws"},
    {FORMAT_URL, "wss://host/mercury-gateway/v1/ws", "wss://host/mercury-gateway/v1/ws"},
    {FORMAT_URL, "wss://host:8443/ws/v3/word/", "wss://host:8443/ws/v3/***/"},
    {FORMAT_URL, "wss://host/word;token=word", "wss://host/***"},
    {FORMAT_URL, "wss://host", "wss://host"},
    {FORMAT_URL, "host/word?word", "host/***?***"},
    {FORMAT_PATH, "a@b?c", "a@b?c"},
    {FORMAT_STORE, "", ""},
};

START_TEST(credentials_within_a_text_are_masked)
{
    buffer_t out = buffer_new(0);
    text_format_append_masked(masks[_i].format, text_of(masks[_i].text), &out);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(masks[_i].shown)), "%.*s", TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
}
END_TEST

static char *printed(void (*print)(FILE *, const char *), const char *section)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    print(out, section);
    fclose(out);
    return text;
}

static void print_markdown(FILE *out, const char *section)
{
    (void)section;
    schema_print_markdown(out);
}

START_TEST(bounds_are_described_exactly)
{
    static const struct {
        const char *path, *words;
    } cases[] = {{"connectord.sources[].starvation.probability", "a number from 1e-100 to 0.5"},
                 {"connectord.sources[].speed", "a number from 0 to 1000000"},
                 {"connectord.journal.bytes", "an integer from 1048576 to 1099511627776"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_t out = buffer_new(0);
        schema_describe(schema_find(cases[i].path), &out);
        ck_assert_msg(text_equal(buffer_text(&out), text_of(cases[i].words)), "%.*s", TEXT_ARG(buffer_text(&out)));
        buffer_release(&out);
    }
}
END_TEST

START_TEST(help_has_every_key_of_the_section_within_80_columns)
{
    static const char *const sections[] = {"log", "connectord", "cached", "gatewayd"};
    for (size_t s = 0; s < 4; s++) {
        char *text = printed(schema_print_section, sections[s]);
        const schema_key_t *key;
        for (size_t i = 0; (key = schema_key(i)); i++) {
            bool own = strncmp(key->path, sections[s], strlen(sections[s])) == 0;
            ck_assert_msg((strstr(text, key->path) != NULL) == own, "%s in %s", key->path, sections[s]);
        }
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
            ck_assert_msg(strcspn(line, "\n") <= 80, "%.100s", line);
        free(text);
    }
}
END_TEST

START_TEST(markdown_table_has_a_row_of_four_cells_for_every_key)
{
    char *text = printed(print_markdown, "");
    size_t rows = 0;
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1, rows++) {
        size_t bars = 0;
        for (const char *at = line; *at != '\n'; at++)
            bars += *at == '|';
        ck_assert_msg(bars == 5, "%.100s", line);
        if (rows >= 2) {
            const char *path = schema_key(rows - 2)->path;
            ck_assert(strncmp(line + 3, path, strlen(path)) == 0);
        }
    }
    ck_assert_ptr_nonnull(schema_key(rows - 3));
    ck_assert_ptr_null(schema_key(rows - 2));
    free(text);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof *(table))

int main(void)
{
    TCase *tests = tcase_create("schema");
    tcase_add_test(tests, every_path_is_in_the_table_once);
    tcase_add_test(tests, text_defaults_are_within_their_own_format);
    tcase_add_test(tests, walk_gives_each_name_below_a_section_once_and_in_order);
    tcase_add_test(tests, sections_are_what_has_keys_below);
    tcase_add_loop_test(tests, misspelled_name_finds_the_nearest_when_it_is_near, 0, COUNT(misspelled));
    tcase_add_loop_test(tests, number_is_taken_within_its_range, 0, COUNT(numbers));
    tcase_add_loop_test(tests, text_is_taken_in_its_format, 0, COUNT(texts));
    tcase_add_loop_test(tests, credentials_within_a_text_are_masked, 0, COUNT(masks));
    tcase_add_test(tests, help_has_every_key_of_the_section_within_80_columns);
    tcase_add_test(tests, markdown_table_has_a_row_of_four_cells_for_every_key);
    tcase_add_test(tests, bounds_are_described_exactly);
    return RUN_TESTS("schema", tests);
}
