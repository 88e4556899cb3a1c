/* Keys of files and URLs: when they are read, and what stays when they can't be. */
#include "gatewayd/auth/key_source.h"

#include "common/log.h"
#include "tests/unit/gatewayd/auth/token_fixture.h"
#include "tests/unit/http_answers.h"
#include "tests/unit/temporary_folder.h"

#include <sys/stat.h>

static loop_t *loop;
static folder_t folder;
static char path[128], url[128], error[KEY_SOURCE_ERROR_MAX];
static http_answers_t server;
static const char *status;
static const char *headers;
static buffer_t body;
static key_source_t *source;
static uint32_t rest_ms;

static void answer(http_answers_t *self, const char *request, buffer_t *out)
{
    (void)self, (void)request;
    http_answers_print(out, status, headers, buffer_text(&body));
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    loop = loop_new();
    folder = folder_new();
    body = buffer_new(0);
    status = "200 OK";
    headers = "";
    rest_ms = KEY_SOURCE_REST_MS;
    snprintf(path, sizeof path, "%s/keys", folder.path);
    http_answers_start(&server, loop, answer);
    snprintf(url, sizeof url, "%s/jwks.json", server.url);
}

static void tear_down(void)
{
    key_source_destroy(&source);
    http_answers_stop(&server);
    folder_remove(&folder);
    buffer_release(&body);
    loop_destroy(&loop);
}

static void write_file(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static void write_keys(jwt_algorithm_t algorithm, mode_t mode)
{
    buffer_clear(&body);
    fixture_put_jwk(&body, algorithm, "");
    buffer_append(&body, (text_t){"", 1});
    write_file(body.bytes, mode);
}

static key_source_t *open_source(key_source_kind_t kind)
{
    key_source_destroy(&source);
    key_source_config_t config = {
        .kind = kind, .place = kind == KEYS_URL ? url : path, .refresh_ms = 600000, .rest_ms = rest_ms};
    return source = key_source_new(loop, &config, error);
}

static void expect_error(const char *text)
{
    ck_assert_msg(strstr(error, text) != NULL, "expected %s, found %s", text, error);
    ck_assert_msg(!strstr(error, "0123456789"), "the secret is told: %s", error);
}

static bool has(jwt_algorithm_t algorithm)
{
    const jwt_key_t *found[JWKS_TRIED_MAX];
    size_t count = 0;
    if (key_source_keys(source))
        jwks_find(key_source_keys(source), &(jwt_wanted_key_t){.algorithm = algorithm}, found, &count);
    return count > 0;
}

/* --- files --- */

START_TEST(a_secret_is_its_owner_s_alone)
{
    static const mode_t wrong[] = {0640, 0604, 0644, 0610, 0660};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_file(FIXTURE_SECRET "\n", wrong[i]);
        ck_assert_ptr_null(open_source(KEYS_SECRET));
        expect_error(wrong[i] & 022 ? "chmod go-w" : "expected that only its owner can read it (chmod 600)");
        expect_error(path);
    }
    write_file(FIXTURE_SECRET "\n", 0600);
    ck_assert_msg(open_source(KEYS_SECRET) != NULL, "%s", error);
    ck_assert(has(JWT_HS256));
}
END_TEST

START_TEST(public_keys_may_be_read_by_all_and_written_by_none)
{
    write_keys(JWT_EDDSA, 0644);
    ck_assert_msg(open_source(KEYS_FILE) != NULL, "%s", error);
    ck_assert(has(JWT_EDDSA));
    write_keys(JWT_EDDSA, 0664);
    ck_assert_ptr_null(open_source(KEYS_FILE));
    expect_error("expected that only its owner can write to it (chmod go-w), found mode 0664");
    write_keys(JWT_HS256, 0644);
    ck_assert_ptr_null(open_source(KEYS_FILE));
    expect_error("a secret (oct)");
    write_keys(JWT_HS256, 0600);
    ck_assert_ptr_nonnull(open_source(KEYS_FILE));
}
END_TEST

START_TEST(what_is_no_file_of_keys_is_named)
{
    ck_assert_ptr_null(open_source(KEYS_FILE));
    expect_error("No such file");
    snprintf(path, sizeof path, "%s", folder.path);
    ck_assert_ptr_null(open_source(KEYS_FILE));
    expect_error("expected a file");
    snprintf(path, sizeof path, "%s/pipe", folder.path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_ptr_null(open_source(KEYS_SECRET));
    expect_error("expected a file");
    snprintf(path, sizeof path, "%s/large", folder.path);
    write_file("{}", 0600);
    ck_assert_int_eq(truncate(path, JWKS_DOCUMENT_MAX + 1), 0);
    ck_assert_ptr_null(open_source(KEYS_FILE));
    expect_error("expected at most 262144 bytes, found 262145");
    write_file("0123456789", 0600);
    ck_assert_ptr_null(open_source(KEYS_SECRET));
    expect_error("expected a secret of 32 to 4096 bytes");
}
END_TEST

START_TEST(a_file_is_read_again_and_a_bad_one_changes_nothing)
{
    write_keys(JWT_EDDSA, 0600);
    ck_assert_ptr_nonnull(open_source(KEYS_FILE));
    write_keys(JWT_ES256, 0600);
    ck_assert(!has(JWT_ES256));
    key_source_miss(source); /* is no reason to */
    ck_assert(!has(JWT_ES256));
    ck_assert(key_source_reload(source, error));
    ck_assert(has(JWT_ES256) && !has(JWT_EDDSA));
    write_file("{\"keys\":[]}", 0600);
    ck_assert(!key_source_reload(source, error));
    ck_assert(has(JWT_ES256));
    key_source_counts_t counts = key_source_counts(source);
    ck_assert(counts.loaded == 2 && counts.failed == 1);
}
END_TEST

/* --- URLs --- */

static void run_until_read(uint64_t loaded, uint64_t failed)
{
    for (;;) {
        key_source_counts_t counts = key_source_counts(source);
        if (counts.loaded >= loaded && counts.failed >= failed)
            return;
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    }
}

static void turn_a_while(void)
{
    for (int i = 0; i < 20; i++) {
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
        usleep(1000);
    }
}

static void offer(jwt_algorithm_t algorithm)
{
    buffer_clear(&body);
    fixture_put_jwk(&body, algorithm, "");
}

START_TEST(a_url_is_asked_from_the_loop)
{
    offer(JWT_ES256);
    ck_assert_msg(open_source(KEYS_URL) != NULL, "%s", error);
    ck_assert_ptr_null(key_source_keys(source));
    run_until_read(1, 0);
    ck_assert(has(JWT_ES256));
    ck_assert(strstr(server.request, "GET /jwks.json HTTP/1.1\r\n") == server.request);
}
END_TEST

START_TEST(what_a_url_says_instead_is_no_key)
{
    static const char *const statuses[] = {"404 Not Found", "500 Internal Server Error", "204 No Content"};
    offer(JWT_ES256);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        status = statuses[i];
        ck_assert_ptr_nonnull(open_source(KEYS_URL));
        run_until_read(0, 1);
        ck_assert_ptr_null(key_source_keys(source));
    }
    status = "200 OK";
    offer(JWT_HS256); /* who knows who else has it */
    ck_assert_ptr_nonnull(open_source(KEYS_URL));
    run_until_read(0, 1);
    ck_assert_ptr_null(key_source_keys(source));
    buffer_clear(&body);
    memset(buffer_room(&body, JWKS_DOCUMENT_MAX + 1), ' ', JWKS_DOCUMENT_MAX + 1);
    buffer_took(&body, JWKS_DOCUMENT_MAX + 1);
    ck_assert_ptr_nonnull(open_source(KEYS_URL));
    run_until_read(0, 1);
    ck_assert_ptr_null(key_source_keys(source));
}
END_TEST

START_TEST(a_url_that_was_away_is_asked_again_soon)
{
    status = "503 Service Unavailable";
    offer(JWT_ES256);
    ck_assert_ptr_nonnull(open_source(KEYS_URL));
    run_until_read(0, 1);
    status = "200 OK";
    run_until_read(1, 1);
    ck_assert(has(JWT_ES256));
}
END_TEST

START_TEST(keys_stay_while_the_url_is_away)
{
    offer(JWT_ES256);
    ck_assert_ptr_nonnull(open_source(KEYS_URL));
    run_until_read(1, 0);
    status = "500 Internal Server Error";
    ck_assert(key_source_reload(source, error));
    run_until_read(1, 1);
    ck_assert(has(JWT_ES256));
    status = "200 OK";
    offer(JWT_EDDSA);
    ck_assert(key_source_reload(source, error));
    run_until_read(2, 1);
    ck_assert(has(JWT_EDDSA) && !has(JWT_ES256));
}
END_TEST

START_TEST(an_unknown_key_is_asked_for_at_once)
{
    rest_ms = 0;
    offer(JWT_ES256);
    ck_assert_ptr_nonnull(open_source(KEYS_URL));
    run_until_read(1, 0);
    turn_a_while();
    offer(JWT_EDDSA);
    key_source_miss(source);
    run_until_read(2, 0);
    ck_assert(has(JWT_EDDSA));
    headers = "Retry-After: 60\r\n";
    status = "429 Too Many Requests";
    key_source_miss(source);
    run_until_read(2, 1);
    key_source_miss(source); /* it asked to be left alone */
    turn_a_while();
    ck_assert_int_eq(server.requests, 3);
}
END_TEST

START_TEST(a_url_that_has_had_its_rest_is_asked)
{
    rest_ms = 300;
    offer(JWT_ES256);
    ck_assert_ptr_nonnull(open_source(KEYS_URL));
    run_until_read(1, 0);
    offer(JWT_EDDSA);
    for (int i = 0; i < 100; i++)
        key_source_miss(source);
    run_until_read(2, 0); /* a refresh is due in ten minutes only */
    ck_assert(has(JWT_EDDSA));
    ck_assert_int_eq(server.requests, 2);
}
END_TEST

START_TEST(unknown_keys_are_asked_for_once_in_a_while)
{
    offer(JWT_ES256);
    ck_assert_ptr_nonnull(open_source(KEYS_URL));
    run_until_read(1, 0);
    for (int i = 0; i < 1000; i++)
        key_source_miss(source);
    turn_a_while();
    ck_assert_int_eq(server.requests, 1);
}
END_TEST

START_TEST(a_source_knows_what_it_is_of)
{
    key_source_config_t config = {.kind = KEYS_URL, .place = url, .refresh_ms = 600000}, other = config;
    ck_assert_ptr_nonnull(open_source(KEYS_URL));
    ck_assert(key_source_is(source, &config));
    other.place = "http://127.0.0.1:1/";
    ck_assert(!key_source_is(source, &other));
    other = config;
    other.refresh_ms = 1;
    ck_assert(!key_source_is(source, &other));
    other.place = "nonsense";
    ck_assert_ptr_null(key_source_new(loop, &other, error));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_secret_is_its_owner_s_alone,
                                  public_keys_may_be_read_by_all_and_written_by_none,
                                  what_is_no_file_of_keys_is_named,
                                  a_file_is_read_again_and_a_bad_one_changes_nothing,
                                  a_url_is_asked_from_the_loop,
                                  what_a_url_says_instead_is_no_key,
                                  a_url_that_was_away_is_asked_again_soon,
                                  keys_stay_while_the_url_is_away,
                                  an_unknown_key_is_asked_for_at_once,
                                  a_url_that_has_had_its_rest_is_asked,
                                  unknown_keys_are_asked_for_once_in_a_while,
                                  a_source_knows_what_it_is_of};
    return RUN_TESTS("key_source", TEST_CASE_WITHIN(30, set_up, tear_down, tests));
}
