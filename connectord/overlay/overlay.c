#include "connectord/overlay/overlay.h"

#include "common/array.h"
#include "common/json/json.h"
#include "common/log.h"
#include "common/table.h"
#include "connectord/overlay/overlay_file.h"
#include "proto/topic.h"

#include <stdlib.h>

enum { VERSION = 1 };

typedef struct {
    kept_source_t source;
    kept_subject_t symbol;
    overlay_change_t change;
} entry_t;

struct overlay {
    const char *folder;
    entry_t *entries; /* in the order in which they came */
    size_t count, room;
    uint64_t changes;
    bool damaged;
};

static const char *const words[] = {[OVERLAY_ADDED] = "added", [OVERLAY_REMOVED] = "removed"};

bool overlay_takes(text_t symbol)
{
    text_t channel, key;
    if (!subject_valid(symbol))
        return false;
    subject_split(symbol, &channel, &key);
    return !channel_reserved(channel);
}

static bool is_of(const entry_t *entry, text_t source)
{
    return text_equal(KEPT_TEXT(&entry->source), source);
}

/* NULL: there is none. */
static entry_t *find(const overlay_t *self, text_t source, text_t symbol)
{
    for (size_t i = 0; i < self->count; i++)
        if (is_of(&self->entries[i], source) && text_equal(KEPT_TEXT(&self->entries[i].symbol), symbol))
            return &self->entries[i];
    return NULL;
}

static bool add(overlay_t *self, text_t source, text_t symbol, overlay_change_t change)
{
    if (!ARRAY_RESERVE(&self->entries, &self->room, self->count + 1, OVERLAY_MAX))
        return false;
    entry_t *entry = &self->entries[self->count++];
    *entry = (entry_t){.change = change};
    KEEP_TEXT(&entry->source, source);
    KEEP_TEXT(&entry->symbol, symbol);
    return true;
}

static void forget(overlay_t *self, entry_t *entry)
{
    size_t behind = self->count - 1 - (size_t)(entry - self->entries);
    memmove(entry, entry + 1, behind * sizeof *entry);
    self->count--;
}

/* --- the file --- */

static void print(const overlay_t *self, buffer_t *out)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_u64(&json, "version", VERSION);
    json_open_array(&json, "changes");
    for (size_t i = 0; i < self->count; i++) {
        json_open_object(&json, NULL);
        json_put_text(&json, "source", KEPT_TEXT(&self->entries[i].source));
        json_put_text(&json, "symbol", KEPT_TEXT(&self->entries[i].symbol));
        json_put_text(&json, "change", text_of(words[self->entries[i].change]));
        json_close_object(&json);
    }
    json_close_array(&json);
    json_close_object(&json);
    buffer_append(out, TEXT("\n"));
}

static bool save(const overlay_t *self)
{
    buffer_t out = buffer_new(OVERLAY_FILE_BYTES);
    print(self, &out);
    bool saved = buffer_ok(&out);
    if (!saved)
        log_error("overlay: can't be written: out of memory, or too long", LOG_U64("changes", self->count));
    saved = saved && overlay_file_write(self->folder, buffer_text(&out));
    buffer_release(&out);
    return saved;
}

/* False where it has been there before, or memory runs out. No name has a space. */
static bool is_first(table_t *seen, text_t source, text_t symbol)
{
    char both[SOURCE_MAX + 1 + SUBJECT_MAX];
    text_t key = {both, source.length + 1 + symbol.length};
    memcpy(both, source.at, source.length);
    both[source.length] = ' ';
    memcpy(both + source.length + 1, symbol.at, symbol.length);
    return !table_get(seen, key) && table_put(seen, key, seen);
}

/* NULL, or what is wrong with it. */
static const char *parse_entry(overlay_t *self, text_t json, table_t *seen)
{
    text_t source, symbol, word;
    if (!json_plain_string(json_member(json, "source"), &source) || !source_valid(source))
        return "a change without a valid source";
    if (!json_plain_string(json_member(json, "symbol"), &symbol) || !overlay_takes(symbol))
        return "a change without a valid symbol";
    if (!json_plain_string(json_member(json, "change"), &word))
        return "a change without a word for it";
    bool added = text_equal(word, text_of(words[OVERLAY_ADDED]));
    if (!added && !text_equal(word, text_of(words[OVERLAY_REMOVED])))
        return "a change that is neither added nor removed";
    if (!is_first(seen, source, symbol))
        return "two changes of one symbol";
    return add(self, source, symbol, added ? OVERLAY_ADDED : OVERLAY_REMOVED) ? NULL : "too many changes";
}

static const char *parse(overlay_t *self, text_t json, table_t *seen)
{
    uint64_t version;
    if (!seen)
        return "out of memory";
    if (!json_valid(json) || json_kind(json) != JSON_OBJECT)
        return "expected a JSON object";
    if (!json_u64(json_member(json, "version"), &version) || version != VERSION)
        return "expected version 1";
    text_t changes = json_member(json, "changes");
    if (json_kind(changes) != JSON_ARRAY)
        return "expected a list of changes";
    for (json_walk_t walk = json_walk(changes); json_next(&walk);) {
        const char *mistake = parse_entry(self, walk.value, seen);
        if (mistake)
            return mistake;
    }
    return NULL;
}

static void load(overlay_t *self)
{
    buffer_t in = buffer_new((size_t)2 * OVERLAY_FILE_BYTES);
    table_t *seen = table_new();
    overlay_file_t found = overlay_file_read(self->folder, &in);
    const char *mistake = found == OVERLAY_FILE_UNREADABLE ? strerror(errno) : NULL;
    if (found == OVERLAY_FILE_READ)
        mistake = parse(self, buffer_text(&in), seen);
    if (mistake) {
        log_error("overlay: set aside: what operators changed is not applied", LOG_TEXT("folder", self->folder),
                  LOG_TEXT("file", OVERLAY_FILE), LOG_TEXT("as", OVERLAY_FILE_DAMAGED), LOG_TEXT("error", mistake));
        overlay_file_set_aside(self->folder);
        self->count = 0;
        self->damaged = true;
    } else if (self->count > 0) {
        log_info("overlay: changes of symbols over the configuration's", LOG_U64("changes", self->count));
    }
    table_destroy(&seen);
    buffer_release(&in);
}

overlay_t *overlay_open(const char *folder)
{
    overlay_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->folder = folder;
    load(self);
    return self;
}

void overlay_close(overlay_t **self_ref)
{
    if (*self_ref)
        free((*self_ref)->entries);
    free(*self_ref);
    *self_ref = NULL;
}

/* --- over the configuration --- */

/* Does the configuration say the same? */
static bool is_idle(const entry_t *entry, const table_t *configured)
{
    bool has = table_get(configured, KEPT_TEXT(&entry->symbol)) != NULL;
    return has == (entry->change == OVERLAY_ADDED);
}

/* Forgets what the configuration says itself. */
static void forget_idle(overlay_t *self, text_t source, const table_t *configured)
{
    size_t kept = 0, count = self->count;
    for (size_t i = 0; i < count; i++) {
        if (is_of(&self->entries[i], source) && is_idle(&self->entries[i], configured))
            log_info("overlay: the configuration says the same now: forgotten", LOG_SLICE("source", source),
                     LOG_SLICE("symbol", KEPT_TEXT(&self->entries[i].symbol)),
                     LOG_TEXT("change", words[self->entries[i].change]));
        else if (kept++ < i)
            self->entries[kept - 1] = self->entries[i];
    }
    self->count = kept;
    if (kept < count)
        save(self); /* where that fails it is forgotten once more at the next start */
}

static bool has_any(const overlay_t *self, text_t source)
{
    size_t i = 0;
    while (i < self->count && !is_of(&self->entries[i], source))
        i++;
    return i < self->count;
}

/* What is left of the configuration's, and then what was added. */
static size_t lay(const overlay_t *self, const source_config_t *settings, table_t *configured, text_t *symbols)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        if (is_of(&self->entries[i], settings->name) && self->entries[i].change == OVERLAY_REMOVED)
            table_remove(configured, KEPT_TEXT(&self->entries[i].symbol));
    for (size_t i = 0; i < settings->symbol_count; i++)
        if (table_get(configured, settings->symbols[i]))
            symbols[count++] = settings->symbols[i];
    for (size_t i = 0; i < self->count; i++)
        if (is_of(&self->entries[i], settings->name) && self->entries[i].change == OVERLAY_ADDED)
            symbols[count++] = KEPT_TEXT(&self->entries[i].symbol);
    return count;
}

bool overlay_apply(overlay_t *self, source_config_t *settings)
{
    if (!has_any(self, settings->name))
        return true;
    table_t *configured = table_new();
    text_t *symbols = calloc(settings->symbol_count + self->count + 1, sizeof *symbols);
    bool applied = configured && symbols;
    for (size_t i = 0; applied && i < settings->symbol_count; i++)
        applied = table_put(configured, settings->symbols[i], settings);
    if (applied) {
        forget_idle(self, settings->name, configured);
        applied = source_config_set_symbols(settings, symbols, lay(self, settings, configured, symbols));
    }
    table_destroy(&configured);
    free(symbols);
    return applied;
}

/* The opposite of a change that there is undoes it. */
static bool change_entries(overlay_t *self, text_t source, text_t symbol, overlay_change_t change)
{
    entry_t *entry = find(self, source, symbol);
    if (!entry)
        return add(self, source, symbol, change);
    forget(self, entry);
    return true;
}

overlay_result_t overlay_set(overlay_t *self, text_t source, text_t symbol, overlay_change_t change)
{
    overlay_change_t opposite = change == OVERLAY_ADDED ? OVERLAY_REMOVED : OVERLAY_ADDED;
    const entry_t *entry = find(self, source, symbol);
    if (entry && entry->change == change)
        return OVERLAY_SET;
    if (!entry && self->count >= OVERLAY_MAX)
        return OVERLAY_FULL;
    if (!change_entries(self, source, symbol, change))
        return OVERLAY_UNSAVED;
    if (!save(self)) {
        change_entries(self, source, symbol, opposite);
        return OVERLAY_UNSAVED;
    }
    self->changes++;
    return OVERLAY_SET;
}

void overlay_put(const overlay_t *self, text_t source, overlay_change_t change, json_writer_t *json)
{
    json_open_array(json, words[change]);
    for (size_t i = 0; i < self->count; i++)
        if (is_of(&self->entries[i], source) && self->entries[i].change == change)
            json_put_text(json, NULL, KEPT_TEXT(&self->entries[i].symbol));
    json_close_array(json);
}

overlay_counts_t overlay_counts(const overlay_t *self)
{
    overlay_counts_t counts = {.changes = self->changes, .damaged = self->damaged};
    for (size_t i = 0; i < self->count; i++)
        *(self->entries[i].change == OVERLAY_ADDED ? &counts.added : &counts.removed) += 1;
    return counts;
}
