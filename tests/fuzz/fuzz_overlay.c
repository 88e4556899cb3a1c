/* What operators changed of symbols, as its file is found at the start. Lines up to an empty one say what happens then, the rest is the file:
 *
 *     =BTC-USD            the configuration has this symbol, of the source `a`
 *     +a SOL-USD          an operator adds a symbol to a source
 *     -a BTC-USD          or removes one
 *
 * Whatever the file is, connectord starts. One that makes no sense is set aside as it is, and changes nothing. What is taken is the same after another
 * start, byte for byte; and of every symbol an operator's last word counts: what was added is offered once, and what was removed is not. */
#include "common/json/json.h"
#include "common/log.h"
#include "connectord/overlay/overlay.h"
#include "connectord/overlay/overlay_file.h"
#include "proto/topic.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/temporary_folder.h"

#include <fcntl.h>

enum { ORDERS_MAX = 16, CONFIGURED_MAX = 16 };

static const text_t source = TEXT_CONST("a");

typedef struct {
    text_t orders[ORDERS_MAX], configured[CONFIGURED_MAX];
    size_t order_count, configured_count;
} script_t;

/* How often the symbol is among them. */
static size_t count_of(const text_t *symbols, size_t count, text_t symbol)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += text_equal(symbols[i], symbol);
    return found;
}

static void take_script(script_t *self, text_t *rest)
{
    for (text_t line = take_until(rest, '\n'); line.length > 0; line = take_until(rest, '\n')) {
        text_t symbol = {line.at + 1, line.length - 1};
        if (line.at[0] != '=' && self->order_count < ORDERS_MAX)
            self->orders[self->order_count++] = line;
        else if (self->configured_count < CONFIGURED_MAX && subject_valid(symbol) &&
                 count_of(self->configured, self->configured_count, symbol) == 0)
            self->configured[self->configured_count++] = symbol;
    }
}

/* In memory, where there is such a place: an overlay waits for the disk. */
static folder_t make_folder(void)
{
    folder_t folder = {"/dev/shm/dataflow-test-XXXXXX"};
    return mkdtemp(folder.path) ? folder : folder_new();
}

static void write_file(const folder_t *folder, text_t content)
{
    char path[96];
    snprintf(path, sizeof path, "%s/" OVERLAY_FILE, folder->path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    require(fd != -1 && write(fd, content.at, content.length) == (ssize_t)content.length);
    close(fd);
}

static bool file_is(const folder_t *folder, const char *name, text_t content)
{
    char path[96], piece[4096];
    buffer_t found = buffer_new(0);
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t got; fd != -1 && (got = read(fd, piece, sizeof piece)) > 0;)
        buffer_append(&found, (text_t){piece, (size_t)got});
    bool same = fd != -1 && text_equal(buffer_text(&found), content);
    buffer_release(&found);
    if (fd != -1)
        close(fd);
    return same;
}

static overlay_t *open_one(const folder_t *folder)
{
    overlay_t *overlay = overlay_open(folder->path);
    require(overlay != NULL);
    return overlay;
}

static void check_set_aside(const folder_t *folder, const overlay_t *overlay, text_t file)
{
    overlay_counts_t counts = overlay_counts(overlay);
    if (!counts.damaged)
        return;
    require(counts.added == 0 && counts.removed == 0 && folder_count(folder->path, OVERLAY_FILE) == 0);
    require(file_is(folder, OVERLAY_FILE_DAMAGED, file));
}

static void carry_out(overlay_t *overlay, const script_t *script)
{
    for (size_t i = 0; i < script->order_count; i++) {
        text_t symbol = {script->orders[i].at + 1, script->orders[i].length - 1}, name = take_until(&symbol, ' ');
        if (source_valid(name) && overlay_takes(symbol))
            require(overlay_set(overlay, name, symbol, *script->orders[i].at == '-' ? OVERLAY_REMOVED : OVERLAY_ADDED) ==
                    OVERLAY_SET);
    }
}

/* The symbols that were changed so are offered so often. */
static void check_changes(const overlay_t *overlay, overlay_change_t change, const source_config_t *settings, size_t times)
{
    buffer_t text = buffer_new(0);
    json_writer_t json = json_write(&text);
    json_open_object(&json, NULL);
    overlay_put(overlay, source, change, &json);
    json_close_object(&json);
    require(buffer_ok(&text) && json_valid(buffer_text(&text)));
    json_walk_t list = json_walk(buffer_text(&text));
    require(json_next(&list));
    for (json_walk_t walk = json_walk(list.value); json_next(&walk);) {
        text_t symbol;
        require(json_plain_string(walk.value, &symbol) && overlay_takes(symbol));
        require(count_of(settings->symbols, settings->symbol_count, symbol) == times);
    }
    buffer_release(&text);
}

static void check_offered(overlay_t *overlay, const script_t *script)
{
    text_t configured[CONFIGURED_MAX + 1];
    memcpy(configured, script->configured, sizeof script->configured);
    source_config_t read = {.name = source,
                            .connector = "x",
                            .url = "",
                            .token = "",
                            .ca = "",
                            .record = "",
                            .symbols = configured,
                            .symbol_count = script->configured_count,
                            .group = TEXT(""),
                            .latest = TEXT("[]"),
                            .backfill = {.url = ""}};
    source_config_t settings;
    require(source_config_copy(&settings, &read) && overlay_apply(overlay, &settings));
    check_changes(overlay, OVERLAY_ADDED, &settings, 1);
    check_changes(overlay, OVERLAY_REMOVED, &settings, 0);
    for (size_t i = 0; i < settings.symbol_count; i++)
        require(count_of(settings.symbols, settings.symbol_count, settings.symbols[i]) == 1);
    source_config_release(&settings);
}

/* The file as it is printed now: a change that is taken back again writes it. False where there is no room for one. */
static bool rewrite(overlay_t *overlay, const folder_t *folder, buffer_t *file)
{
    static const text_t nobody = TEXT_CONST("fuzz"), symbol = TEXT_CONST("FUZZ-1");
    overlay_counts_t before = overlay_counts(overlay);
    if (overlay_set(overlay, nobody, symbol, OVERLAY_ADDED) != OVERLAY_SET)
        return false;
    require(overlay_set(overlay, nobody, symbol, OVERLAY_REMOVED) == OVERLAY_SET);
    overlay_counts_t after = overlay_counts(overlay);
    buffer_clear(file);
    return after.added == before.added && after.removed == before.removed &&
           overlay_file_read(folder->path, file) == OVERLAY_FILE_READ;
}

static void check_restart(overlay_t **overlay, const folder_t *folder)
{
    buffer_t first = buffer_new(0), second = buffer_new(0);
    overlay_counts_t before = overlay_counts(*overlay);
    bool written = rewrite(*overlay, folder, &first);
    overlay_close(overlay);
    *overlay = open_one(folder);
    overlay_counts_t after = overlay_counts(*overlay);
    require(!written || (!after.damaged && after.added == before.added && after.removed == before.removed));
    require(!written || (rewrite(*overlay, folder, &second) && text_equal(buffer_text(&first), buffer_text(&second))));
    buffer_release(&first);
    buffer_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    log_set_level(LOG_LEVEL_ERROR);
    text_t file = {(const char *)data, size};
    script_t script = {0};
    take_script(&script, &file);
    folder_t folder = make_folder();
    write_file(&folder, file);
    overlay_t *overlay = open_one(&folder);
    check_set_aside(&folder, overlay, file);
    carry_out(overlay, &script);
    check_offered(overlay, &script);
    check_restart(&overlay, &folder);
    check_offered(overlay, &script);
    overlay_close(&overlay);
    folder_remove(&folder);
    return 0;
}
