/* What operators change of symbols: over the configuration, and over any end of the process. */
#include "connectord/overlay/overlay.h"

#include "common/log.h"
#include "connectord/overlay/overlay_file.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

#include <sys/stat.h>

static folder_t folder;
static overlay_t *overlay;
static char path[128];

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    folder = folder_new();
    snprintf(path, sizeof path, "%s/" OVERLAY_FILE, folder.path);
    overlay = overlay_open(folder.path);
    ck_assert_ptr_nonnull(overlay);
}

static void tear_down(void)
{
    overlay_close(&overlay);
    folder_remove(&folder);
}

static void reopen(void)
{
    overlay_close(&overlay);
    overlay = overlay_open(folder.path);
    ck_assert_ptr_nonnull(overlay);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void set(const char *source, const char *symbol, overlay_change_t change)
{
    ck_assert_int_eq(overlay_set(overlay, text_of(source), text_of(symbol), change), OVERLAY_SET);
}

/* What becomes of a source whose configuration has these symbols, each with a space behind it. */
static void expect(const char *source, const char *configured, const char *expected)
{
    text_t symbols[8];
    size_t count = 0;
    for (const char *at = configured; *at; at = strchr(at, ' ') + 1)
        symbols[count++] = (text_t){at, strcspn(at, " ")};
    source_config_t read = {.name = text_of(source),
                            .connector = "x",
                            .url = "",
                            .token = "",
                            .ca = "",
                            .record = "",
                            .symbols = symbols,
                            .symbol_count = count,
                            .group = TEXT(""),
                            .latest = TEXT("[]"),
                            .backfill = {.url = ""}};
    source_config_t settings;
    char found[512] = "";
    ck_assert(source_config_copy(&settings, &read));
    ck_assert(overlay_apply(overlay, &settings));
    for (size_t i = 0; i < settings.symbol_count; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%.*s ", TEXT_ARG(settings.symbols[i]));
    ck_assert_str_eq(found, expected);
    source_config_release(&settings);
}

static void expect_counts(uint64_t added, uint64_t removed, bool damaged)
{
    overlay_counts_t counts = overlay_counts(overlay);
    ck_assert_uint_eq(counts.added, added);
    ck_assert_uint_eq(counts.removed, removed);
    ck_assert_int_eq(counts.damaged, damaged);
}

START_TEST(changes_lie_over_the_configuration_of_their_source)
{
    set("a", "SOL-USD", OVERLAY_ADDED);
    set("a", "ETH-USD", OVERLAY_REMOVED);
    set("b", "LTC-USD", OVERLAY_ADDED);
    expect("a", "BTC-USD ETH-USD ", "BTC-USD SOL-USD ");
    expect("b", "BTC-USD ETH-USD ", "BTC-USD ETH-USD LTC-USD ");
    expect("c", "BTC-USD ", "BTC-USD ");
    expect("b", "", "LTC-USD ");
    expect_counts(2, 1, false);
}
END_TEST

START_TEST(changes_outlive_the_process)
{
    set("b\xc3\xb6rse", "\xc3\x84-USD", OVERLAY_ADDED);
    set("a", "readings.sensor-7", OVERLAY_REMOVED);
    reopen();
    expect_counts(1, 1, false);
    expect("b\xc3\xb6rse", "BTC-USD ", "BTC-USD \xc3\x84-USD ");
    expect("a", "readings.sensor-7 ", "");
}
END_TEST

START_TEST(the_opposite_undoes_a_change)
{
    set("a", "SOL-USD", OVERLAY_ADDED);
    set("a", "ETH-USD", OVERLAY_REMOVED);
    set("a", "SOL-USD", OVERLAY_REMOVED);
    set("a", "ETH-USD", OVERLAY_ADDED);
    expect_counts(0, 0, false);
    reopen();
    expect_counts(0, 0, false);
    expect("a", "BTC-USD ETH-USD ", "BTC-USD ETH-USD ");
}
END_TEST

START_TEST(what_the_configuration_says_itself_is_forgotten)
{
    set("a", "SOL-USD", OVERLAY_ADDED);
    set("a", "ETH-USD", OVERLAY_REMOVED);
    set("b", "SOL-USD", OVERLAY_ADDED);
    expect("a", "BTC-USD SOL-USD ", "BTC-USD SOL-USD ");
    expect_counts(1, 0, false);
    reopen();
    expect("a", "BTC-USD ETH-USD ", "BTC-USD ETH-USD ");
    expect("b", "", "SOL-USD ");
}
END_TEST

START_TEST(what_can_not_be_written_is_not_changed)
{
    set("a", "SOL-USD", OVERLAY_ADDED);
    char fresh[128];
    snprintf(fresh, sizeof fresh, "%s/overlay.new", folder.path);
    ck_assert_int_eq(mkdir(fresh, 0700), 0); /* in its way, also for root */
    ck_assert_int_eq(overlay_set(overlay, TEXT("a"), TEXT("ETH-USD"), OVERLAY_REMOVED), OVERLAY_UNSAVED);
    ck_assert_int_eq(overlay_set(overlay, TEXT("a"), TEXT("SOL-USD"), OVERLAY_REMOVED), OVERLAY_UNSAVED);
    expect("a", "ETH-USD ", "ETH-USD SOL-USD ");
    ck_assert_uint_eq(overlay_counts(overlay).changes, 1);
    reopen();
    expect("a", "ETH-USD ", "ETH-USD SOL-USD ");
}
END_TEST

START_TEST(there_are_only_so_many)
{
    buffer_t text = buffer_new(0);
    buffer_printf(&text, "{\"version\":1,\"changes\":[");
    for (int i = 0; i < OVERLAY_MAX; i++)
        buffer_printf(&text, "%s{\"source\":\"a\",\"symbol\":\"S-%d\",\"change\":\"added\"}", i ? "," : "", i);
    buffer_printf(&text, "]}%c", '\0');
    write_file(text.bytes);
    buffer_release(&text);
    reopen();
    expect_counts(OVERLAY_MAX, 0, false);
    ck_assert_int_eq(overlay_set(overlay, TEXT("a"), TEXT("ONE-MORE"), OVERLAY_ADDED), OVERLAY_FULL);
    set("a", "S-7", OVERLAY_REMOVED);
    set("a", "ONE-MORE", OVERLAY_ADDED);
}
END_TEST

#define ENTRY "{\"source\":\"a\",\"symbol\":\"SOL-USD\",\"change\":\"added\"}"

static const char *const damaged[] = {
    "",
    "{\"version\":1,\"changes\":[" ENTRY,
    "[]",
    "{\"changes\":[" ENTRY "]}",
    "{\"version\":2,\"changes\":[" ENTRY "]}",
    "{\"version\":1,\"changes\":{}}",
    "{\"version\":1,\"changes\":[" ENTRY "," ENTRY "]}",
    "{\"version\":1,\"changes\":[" ENTRY ",{}]}",
    "{\"version\":1,\"changes\":[" ENTRY ",{\"source\":\"b c\",\"symbol\":\"SOL-USD\",\"change\":\"added\"}]}",
    "{\"version\":1,\"changes\":[" ENTRY ",{\"source\":\"a\",\"symbol\":\"SOLUSD\",\"change\":\"added\"}]}",
    "{\"version\":1,\"changes\":[" ENTRY ",{\"source\":\"a\",\"symbol\":\"coverage.A-B\",\"change\":\"added\"}]}",
    "{\"version\":1,\"changes\":[" ENTRY ",{\"source\":\"a\",\"symbol\":\"readings.*\",\"change\":\"added\"}]}",
    "{\"version\":1,\"changes\":[" ENTRY ",{\"source\":\"a\",\"symbol\":\"ETH-USD\",\"change\":\"doubled\"}]}",
};

START_TEST(a_damaged_file_is_set_aside)
{
    log_open("test", LOG_LEVEL_ERROR, LOG_FORMAT_HUMAN);
    write_file(damaged[_i]);
    reopen();
    expect_counts(0, 0, true);
    expect("a", "BTC-USD ", "BTC-USD ");
    ck_assert_uint_eq(folder_count(folder.path, OVERLAY_FILE), 0);
    ck_assert_uint_eq(folder_count(folder.path, OVERLAY_FILE_DAMAGED), 1);
    set("a", "LTC-USD", OVERLAY_ADDED);
    reopen();
    expect_counts(1, 0, false);
}
END_TEST

START_TEST(a_file_without_end_is_set_aside)
{
    write_file(" ");
    ck_assert_int_eq(truncate(path, OVERLAY_FILE_BYTES + 1), 0);
    reopen();
    expect_counts(0, 0, true);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {changes_lie_over_the_configuration_of_their_source,
                                  changes_outlive_the_process,
                                  the_opposite_undoes_a_change,
                                  what_the_configuration_says_itself_is_forgotten,
                                  what_can_not_be_written_is_not_changed,
                                  there_are_only_so_many,
                                  a_file_without_end_is_set_aside};
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, set_up, tear_down);
    tcase_add_loop_test(files, a_damaged_file_is_set_aside, 0, sizeof damaged / sizeof *damaged);
    return RUN_TESTS("overlay", TEST_CASE(set_up, tear_down, tests), files);
}
