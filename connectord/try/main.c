/* source-try: what a source's definition (proto/source.md) makes of messages, one a line, for `dataflow try`.
 *
 *     source-try DEFINITION [SYMBOL…] < MESSAGES
 *
 * For each outcome a line of JSON, with the number of the message's line:
 *
 *     {"line":7,"is":"record","channel":"trades","symbol":"BTC-USDT","timestamp":"…","side":"buy","qty":"0.1","price":"30105.5","tradeId":"1"}
 *     {"line":8,"is":"fault","reason":"price (/px): missing","sample":{…}}
 *     {"line":9,"is":"reply","reply":"confirmed","native":"BTC-USDT","id":"","reason":""}
 *     {"line":10,"is":"unwanted"}      a record of a symbol or side that is not wanted
 *     {"line":11,"is":"other"}         no rule is for the message, and it is no reply
 *
 * With symbols only these are wanted, by the names that the source has for them; without any the source's names are taken
 * for symbols. Of a source over HTTP a message is an answer's body, or a line of NDJSON; where its format is csv, all of the input is one
 * body, and each row a message, unless rows come as they are recorded, as objects. A record without a name is of the only symbol. */
#include <stdio.h>
#include <stdlib.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/json/json.h"
#include "common/json/json_write.h"
#include "common/table.h"
#include "connectord/connectors/source_definition.h"
#include "connectord/http/http_body.h"
#include "connectord/mapping/csv.h"
#include "proto/topic.h"

enum { EXIT_USAGE = 2, MESSAGE_MAX = 1 << 20 /* as of a WebSocket's */ };

/* What a subscription is called since it was confirmed. */
typedef struct {
    size_t id_length, symbol_length;
    char bytes[]; /* id and symbol */
} trial_id_t;

typedef struct {
    source_definition_t definition;
    table_t *by_id; /* trial_id_t, by id */
    bool chosen;    /* only some symbols are wanted */
    text_t only;    /* the one, if it is only one */
    uint64_t line;
    size_t told; /* outcomes of the message */
    buffer_t out;
} trial_t;

/* --- what came of a message --- */

static json_writer_t begin(trial_t *self, const char *is)
{
    buffer_clear(&self->out);
    json_writer_t json = json_write(&self->out);
    json_open_object(&json, NULL);
    json_put_u64(&json, "line", self->line);
    json_put_text(&json, "is", text_of(is));
    self->told++;
    return json;
}

static void end(trial_t *self, json_writer_t *json)
{
    json_close_object(json);
    printf("%.*s\n", TEXT_ARG(buffer_text(&self->out)));
}

static void tell(trial_t *self, const char *is)
{
    json_writer_t json = begin(self, is);
    end(self, &json);
}

static void on_record(void *arg, const mapping_record_t *record)
{
    trial_t *self = arg;
    bool is_trade = text_equal(record->channel, TEXT("trades"));
    json_writer_t json = begin(self, "record");
    json_put_text(&json, "channel", record->channel);
    json_put_text(&json, is_trade ? "symbol" : "key", record->key);
    json_put_text(&json, "timestamp", record->timestamp);
    if (is_trade) {
        json_put_text(&json, "side", record->trade.side == SIDE_BUY ? TEXT("buy") : TEXT("sell"));
        json_put_text(&json, "qty", record->trade.qty);
        json_put_text(&json, "price", record->trade.price);
        json_put_text(&json, "tradeId", record->id);
    } else {
        json_put_text(&json, "id", record->id);
        json_put_raw(&json, "data", record->data);
    }
    end(self, &json);
}

static void on_fault(void *arg, const char *reason, text_t sample)
{
    trial_t *self = arg;
    json_writer_t json = begin(self, "fault");
    json_put_text(&json, "reason", text_of(reason));
    if (json_valid(sample))
        json_put_raw(&json, "sample", sample);
    else
        json_put_text(&json, "sample", sample);
    end(self, &json);
}

static text_t symbol_of(const trial_id_t *named)
{
    return (text_t){named->bytes + named->id_length, named->symbol_length};
}

static bool on_key(void *arg, text_t channel, text_t native, text_t *key)
{
    trial_t *self = arg;
    const trial_id_t *named = table_get(self->by_id, native);
    *key = native.length == 0 ? self->only
           : named            ? symbol_of(named)
                              : spelling_subject(source_definition_spelling(&self->definition), channel, native);
    subject_split(*key, &channel, key);
    if (key->length == 0 && !self->chosen)
        *key = native;
    return key->length > 0;
}

static void remember(trial_t *self, text_t id, text_t native)
{
    text_t symbol;
    if (id.length == 0 || !on_key(self, TEXT(CHANNEL_TRADES), native, &symbol) || table_get(self->by_id, id))
        return;
    trial_id_t *named = malloc(sizeof *named + id.length + symbol.length);
    if (!named)
        return;
    *named = (trial_id_t){.id_length = id.length, .symbol_length = symbol.length};
    memcpy(named->bytes, id.at, id.length);
    memcpy(named->bytes + id.length, symbol.at, symbol.length);
    if (!table_put(self->by_id, (text_t){named->bytes, id.length}, named))
        free(named);
}

static void on_reply(void *arg, protocol_reply_t reply, text_t native, text_t id, text_t reason)
{
    static const char *const names[] = {
        [PROTOCOL_CONFIRMED] = "confirmed", [PROTOCOL_ENDED] = "ended", [PROTOCOL_REFUSED] = "refused"};
    trial_t *self = arg;
    json_writer_t json = begin(self, "reply");
    json_put_text(&json, "reply", text_of(names[reply]));
    json_put_text(&json, "native", native);
    json_put_text(&json, "id", id);
    json_put_text(&json, "reason", reason);
    end(self, &json);
    if (reply == PROTOCOL_CONFIRMED)
        remember(self, id, native);
}

static const mapping_events_t events = {.record = on_record, .fault = on_fault, .key = on_key};

static void run(trial_t *self, text_t message)
{
    const mapping_counts_t *counts = mapping_counts(self->definition.mapping);
    uint64_t unwanted = counts->unwanted, others = counts->other_messages;
    self->told = 0;
    mapping_run(self->definition.mapping, message, clock_real_ns(), &events, self);
    if (counts->other_messages > others && self->definition.protocol)
        protocol_read(self->definition.protocol, message, on_reply, self);
    for (uint64_t left = counts->unwanted - unwanted; left > 0; left--)
        tell(self, "unwanted");
    if (self->told == 0)
        tell(self, "other");
}

/* --- the program --- */

static bool add_symbols(trial_t *self, char *const *symbols, int count)
{
    char error[TEMPLATE_ERROR_MAX];
    for (int i = 0; i < count; i++) {
        text_t symbol = text_of(symbols[i]);
        if (!subject_valid(symbol))
            snprintf(error, sizeof error, "expected a symbol such as BTC-USD or readings.sensor-7, found %s", symbols[i]);
        else if (spelling_add(source_definition_spelling(&self->definition), symbol, error))
            continue;
        fprintf(stderr, "source-try: %s\n", error);
        return false;
    }
    self->chosen = count > 0;
    self->only = count == 1 ? text_of(symbols[0]) : (text_t){"", 0};
    return true;
}

static void read_messages(trial_t *self)
{
    char *line = NULL;
    size_t room = 0, most = self->definition.http ? HTTP_BODY_MAX : MESSAGE_MAX;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) > 0) {
        text_t message = {line, (size_t)length - (line[length - 1] == '\n')};
        self->line++;
        if (message.length > most)
            on_fault(self, most == MESSAGE_MAX ? "expected at most 1 MiB" : "expected at most 16 MiB", text_cut(message, 80));
        else if (message.length > 0)
            run(self, message);
        fflush(stdout);
    }
    free(line);
}

static void read_rows(trial_t *self, text_t body)
{
    char error[CSV_ERROR_MAX];
    csv_t csv;
    text_t row = text_cut(body, 80);
    csv_result_t result = csv_open(&csv, body, error) ? CSV_ROW : CSV_END;
    self->line = csv.line;
    if (result == CSV_END)
        on_fault(self, error, row);
    while (result != CSV_END && (result = csv_next(&csv, &row, error)) != CSV_END) {
        self->line = csv.line;
        if (result == CSV_ROW)
            run(self, row);
        else
            on_fault(self, error, row);
    }
    csv_release(&csv);
}

static void read_table(trial_t *self)
{
    buffer_t body = buffer_new(HTTP_BODY_MAX);
    size_t length = 0;
    do {
        char *room = buffer_room(&body, 4096);
        length = room ? fread(room, 1, 4096, stdin) : 0;
        if (room)
            buffer_took(&body, length);
    } while (length > 0);
    if (buffer_ok(&body))
        read_rows(self, buffer_text(&body));
    else
        on_fault(self, "expected at most 16 MiB", text_cut(buffer_text(&body), 80));
    buffer_release(&body);
}

static void release(trial_t *self)
{
    trial_id_t *named;
    for (size_t at = 0; self->by_id && (named = table_each(self->by_id, &at));)
        free(named);
    table_destroy(&self->by_id);
    source_definition_release(&self->definition);
    buffer_release(&self->out);
}

/* What connectord recorded of a table are its rows, as objects already. */
static bool begins_with_object(void)
{
    int first = getc(stdin);
    ungetc(first, stdin);
    return first == '{';
}

int main(int argc, char **argv)
{
    char error[SOURCE_DEFINITION_ERROR_MAX];
    trial_t trial = {.by_id = table_new(), .out = buffer_new(0)};
    int status = EXIT_FAILURE;
    if (argc < 2 || argv[1][0] == '-' || !trial.by_id) {
        fprintf(stderr,
                "usage: source-try DEFINITION [SYMBOL…] < MESSAGES\nMESSAGES: JSON, one a line; people use `dataflow try`\n");
        status = EXIT_USAGE;
    } else if (!source_definition_read_any(&trial.definition, argv[1], error)) {
        fprintf(stderr, "source-try: %s: %s\n", argv[1], error);
    } else if (add_symbols(&trial, argv + 2, argc - 2)) {
        if (trial.definition.http && trial.definition.http->format == HTTP_FORMAT_CSV && !begins_with_object())
            read_table(&trial);
        else
            read_messages(&trial);
        status = EXIT_SUCCESS;
    }
    release(&trial);
    return status;
}
