/* Trades from a file. It is read whole at the start, so that its mistakes show then, and playing it costs a copy a trade.
 *
 * Numbers must come out digit for digit as they are in the file, so they are read with LEJP, which hands them over as text.
 */
#include <errno.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulator/source.h"

enum { FIELD_BYTES = 64 /* the NUL included */ };

/* The members of a frame, in the order of field_names. */
typedef enum { EVENT, CHANNEL, SYMBOL, TIMESTAMP, SIDE, QTY, PRICE, TRADE_ID, FIELDS } frame_field_t;

static const char *const field_names[FIELDS] = {"event", "channel", "symbol", "timestamp", "side", "qty", "price", "trade_id"};

/* One line as it is read. */
typedef struct {
    char fields[FIELDS][FIELD_BYTES];
    bool present[FIELDS];
    char mistake[256]; /* empty: none */
} source_line_t;

typedef struct {
    size_t symbol;
    size_t offset; /* of the text in the arena */
    size_t length;
} file_record_t;

typedef struct {
    sim_source_t source;
    file_record_t *records;
    size_t count;
    char *arena; /* the texts of all trades */
    size_t arena_bytes;
    size_t at; /* the record to play next */
    uint64_t lap;
    source_laps_t laps;
} file_t;

/* --- one line ---------------------------------------------------------------------------------------------------- */

static bool field_is_number(frame_field_t field)
{
    return field == QTY || field == PRICE;
}

/* What goes into JSON as it stands. */
static bool plain(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
            return false;
    return true;
}

static signed char line_member(struct lejp_ctx *ctx, char reason)
{
    if (!(reason & LEJP_FLAG_CB_IS_VALUE) || ctx->path_match == 0 || reason == LEJPCB_VAL_STR_START)
        return 0;
    source_line_t *line = ctx->user;
    const frame_field_t field = (frame_field_t)(ctx->path_match - 1);
    const bool number = reason == LEJPCB_VAL_NUM_INT || reason == LEJPCB_VAL_NUM_FLOAT;
    if (number != field_is_number(field) || (!number && reason != LEJPCB_VAL_STR_END)) {
        snprintf(line->mistake, sizeof line->mistake, "%s: expected a %s of less than %d characters", field_names[field],
                 field_is_number(field) ? "number" : "string", FIELD_BYTES);
        return -1;
    }
    if (ctx->npos >= FIELD_BYTES || !plain(ctx->buf)) {
        snprintf(line->mistake, sizeof line->mistake, "%s: expected less than %d plain characters, found %u, \"%.40s\"",
                 field_names[field], FIELD_BYTES, (unsigned)ctx->npos, ctx->buf);
        return -1;
    }
    memcpy(line->fields[field], ctx->buf, ctx->npos); /* the rest of it is zeros */
    line->present[field] = true;
    return 0;
}

static void line_check(source_line_t *self)
{
    for (frame_field_t field = 0; field < FIELDS; field++) {
        if (!self->present[field]) {
            snprintf(self->mistake, sizeof self->mistake, "%s: expected a value, found none", field_names[field]);
            return;
        }
    }
    if (strcmp(self->fields[EVENT], "updated") != 0 || strcmp(self->fields[CHANNEL], "trades") != 0)
        snprintf(self->mistake, sizeof self->mistake,
                 "expected event \"updated\" of channel \"trades\", found \"%s\" of \"%s\"", self->fields[EVENT],
                 self->fields[CHANNEL]);
    else if (!symbol_valid(self->fields[SYMBOL]))
        snprintf(self->mistake, sizeof self->mistake, "symbol: expected BASE-QUOTE, found \"%s\"", self->fields[SYMBOL]);
}

static void line_read(source_line_t *self, const char *text)
{
    struct lejp_ctx parser;
    lejp_construct(&parser, line_member, self, field_names, FIELDS);
    const int rc = lejp_parse(&parser, (const unsigned char *)text, (int)strlen(text));
    lejp_destruct(&parser);
    if (self->mistake[0] != '\0')
        return;
    if (rc != 0)
        snprintf(self->mistake, sizeof self->mistake, "expected one JSON object, found \"%.40s\"", text);
    else
        line_check(self);
}

/* --- the file ---------------------------------------------------------------------------------------------------- */

/* Takes the frame's trade in; false when memory runs out. */
static bool file_append(file_t *self, const source_line_t *line, FILE *arena)
{
    if ((self->count & (self->count - 1)) == 0) { /* full at every power of two */
        file_record_t *records = realloc(self->records, (self->count ? self->count * 2 : 1) * sizeof *records);
        if (!records)
            return false;
        self->records = records;
    }
    char text[TRADE_TEXT_BYTES];
    text_writer_t out = writer_on(text, sizeof text);
    trade_write(&out, &(trade_fields_t){.symbol = line->fields[SYMBOL],
                                        .timestamp = line->fields[TIMESTAMP],
                                        .side = line->fields[SIDE],
                                        .qty = line->fields[QTY],
                                        .price = line->fields[PRICE],
                                        .trade_id = line->fields[TRADE_ID]});
    file_record_t *record = &self->records[self->count++];
    *record =
        (file_record_t){symbols_add(&self->source.symbols, line->fields[SYMBOL]), (size_t)ftell(arena), writer_length(&out)};
    return record->symbol != SYMBOL_NONE && fwrite(text, 1, record->length, arena) == record->length;
}

/* One line of the file; says what is wrong with it. */
static bool file_read_line(file_t *self, const char *path, size_t number, const char *text, FILE *arena)
{
    source_line_t line = {0};
    line_read(&line, text);
    if (line.mistake[0] == '\0' && !file_append(self, &line, arena))
        snprintf(line.mistake, sizeof line.mistake, "no room for it: more than %d symbols, or out of memory", SYMBOLS_MAX);
    if (line.mistake[0] != '\0')
        fprintf(stderr, "exchange-simulator: --file %s: line %zu: %s\n", path, number, line.mistake);
    return line.mistake[0] == '\0';
}

static bool file_read(file_t *self, const char *path, FILE *input, FILE *arena)
{
    static const char mark[] = "\xef\xbb\xbf"; /* UTF-8's byte order mark, before some files */
    char *text = NULL;
    size_t capacity = 0;
    bool ok = true;
    for (size_t number = 1; ok && getline(&text, &capacity, input) != -1; number++) {
        const char *line = text + (number == 1 && strncmp(text, mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0);
        text[strcspn(text, "\r\n")] = '\0';
        if (line[0] != '\0')
            ok = file_read_line(self, path, number, line, arena);
    }
    free(text);
    if (ok && ferror(input)) {
        fprintf(stderr, "exchange-simulator: --file %s: %s\n", path, strerror(errno));
        return false;
    }
    if (ok && self->count == 0)
        fprintf(stderr, "exchange-simulator: --file %s: expected trades, found none\n", path);
    return ok && self->count > 0;
}

static bool file_load(file_t *self, const char *path)
{
    FILE *input = fopen(path, "re");
    if (!input) {
        fprintf(stderr, "exchange-simulator: --file %s: %s\n", path, strerror(errno));
        return false;
    }
    FILE *arena = open_memstream(&self->arena, &self->arena_bytes);
    const bool ok = arena && file_read(self, path, input, arena);
    if (arena)
        fclose(arena);
    fclose(input);
    return ok;
}

/* --- the source -------------------------------------------------------------------------------------------------- */

static void file_next(sim_source_t *source, uint64_t trade_id, int64_t real_ns, sim_trade_t *trade)
{
    (void)trade_id;
    (void)real_ns;
    file_t *self = (file_t *)source;
    const file_record_t *record = &self->records[self->at];
    text_writer_t text = writer_on(trade->text, sizeof trade->text);
    writer_bytes(&text, self->arena + record->offset, record->length);
    if (self->lap > 1) { /* trade_id comes last: ..."1234" becomes ..."1234-2" */
        text.at--;
        writer_text(&text, "-");
        writer_unsigned(&text, self->lap);
        writer_text(&text, "\"");
    }
    trade->symbol = record->symbol;
    trade->length = writer_length(&text);
    if (++self->at == self->count && self->laps == SOURCE_LOOP) {
        self->at = 0;
        self->lap++;
    }
}

static bool file_finished(const sim_source_t *source)
{
    const file_t *self = (const file_t *)source;
    return self->at == self->count;
}

static void file_destroy(sim_source_t *source)
{
    file_t *self = (file_t *)source;
    free(self->records);
    free(self->arena);
    free(self);
}

sim_source_t *source_file(const char *path, source_laps_t laps)
{
    static const source_ops_t ops = {file_next, file_finished, file_destroy};
    file_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->source.ops = &ops;
    self->laps = laps;
    self->lap = 1;
    sim_source_t *source = &self->source;
    if (!file_load(self, path))
        source_destroy(&source);
    return source;
}
