#include "cached/streams/catalog.h"

#include <stdlib.h>

#include "common/array.h"
#include "common/table.h"
#include "proto/topic.h"

/* A source of statuses. `round` counts its statuses: what it offers now is what was offered in this round. */
typedef struct {
    kept_source_t name;
    uint64_t round;
    int64_t heard_ns; /* the time of its last status */
} offerer_t;

typedef struct {
    offerer_t *offerer;
    uint64_t round;
    bool latest; /* of its records the newest is what matters */
} symbol_offer_t;

/* All there is of one symbol. */
typedef struct {
    kept_subject_t symbol;
    memory_log_t *memory_logs[CATALOG_SOURCES_MAX];
    size_t memory_log_count;
    symbol_offer_t offers[CATALOG_SOURCES_MAX];
    size_t offer_count;
} book_t;

enum { OFFERERS_MAX = 1024 };

struct catalog {
    uint64_t limit;
    arena_t *arena;           /* of all memory logs */
    const retention_t *rules; /* NULL: none */
    book_t **books;           /* in alphabetical order */
    size_t book_count, book_room;
    size_t stream_count;
    table_t *by_topic;  /* every memory log */
    memory_log_t *last; /* the one looked for last: trades of one stream often come one after another */
    offerer_t *offerers[OFFERERS_MAX];
    size_t offerer_count;
};

static text_t book_symbol(const book_t *book)
{
    return KEPT_TEXT(&book->symbol);
}

/* Where the symbol is, or would be. */
static size_t book_place(const catalog_t *self, text_t symbol)
{
    size_t low = 0, high = self->book_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text_compare(book_symbol(self->books[middle]), symbol) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static book_t *book_find(const catalog_t *self, text_t symbol)
{
    size_t place = book_place(self, symbol);
    if (place < self->book_count && text_equal(book_symbol(self->books[place]), symbol))
        return self->books[place];
    return NULL;
}

/* The symbol is valid. */
static book_t *book_make(catalog_t *self, text_t symbol)
{
    book_t *book = book_find(self, symbol);
    if (book)
        return book;
    if (!ARRAY_RESERVE(&self->books, &self->book_room, self->book_count + 1, CATALOG_SYMBOLS_MAX))
        return NULL;
    book = calloc(1, sizeof *book);
    if (!book)
        return NULL;
    KEEP_TEXT(&book->symbol, symbol);
    size_t place = book_place(self, symbol);
    memmove(&self->books[place + 1], &self->books[place], (self->book_count - place) * sizeof(book_t *));
    self->books[place] = book;
    self->book_count++;
    return book;
}

static void book_destroy(book_t *book)
{
    for (size_t i = 0; i < book->memory_log_count; i++)
        memory_log_destroy(&book->memory_logs[i]);
    free(book);
}

static void book_insert(book_t *book, memory_log_t *memory_log)
{
    size_t place = book->memory_log_count++;
    for (; place > 0 && text_compare(memory_log_topic(memory_log), memory_log_topic(book->memory_logs[place - 1])) < 0; place--)
        book->memory_logs[place] = book->memory_logs[place - 1];
    book->memory_logs[place] = memory_log;
}

static offerer_t *offerer_make(catalog_t *self, text_t name)
{
    for (size_t i = 0; i < self->offerer_count; i++)
        if (text_equal(KEPT_TEXT(&self->offerers[i]->name), name))
            return self->offerers[i];
    if (self->offerer_count == OFFERERS_MAX || !source_valid(name))
        return NULL;
    offerer_t *offerer = calloc(1, sizeof *offerer);
    if (!offerer)
        return NULL;
    KEEP_TEXT(&offerer->name, name);
    return self->offerers[self->offerer_count++] = offerer;
}

/* NULL: there are too many. */
static symbol_offer_t *book_offer(book_t *book, offerer_t *offerer)
{
    size_t i = 0;
    while (i < book->offer_count && book->offers[i].offerer != offerer)
        i++;
    if (i == CATALOG_SOURCES_MAX)
        return NULL;
    if (i == book->offer_count)
        book->offers[book->offer_count++] = (symbol_offer_t){.offerer = offerer};
    book->offers[i].round = offerer->round;
    return &book->offers[i];
}

/* As its source said last, whether it offers the stream now or not. */
static bool book_keeps_latest(const book_t *book, text_t topic)
{
    for (size_t i = 0; i < book->offer_count; i++)
        if (book->offers[i].latest && topic_names(topic, book_symbol(book), KEPT_TEXT(&book->offers[i].offerer->name)))
            return true;
    return false;
}

static bool offer_stands(const symbol_offer_t *offer)
{
    return offer->round == offer->offerer->round;
}

static bool book_known(const book_t *book)
{
    if (book->memory_log_count > 0)
        return true;
    for (size_t i = 0; i < book->offer_count; i++)
        if (offer_stands(&book->offers[i]))
            return true;
    return false;
}

static catalog_symbol_t book_describe(const book_t *book)
{
    return (catalog_symbol_t){
        .symbol = book_symbol(book), .memory_logs = book->memory_logs, .memory_log_count = book->memory_log_count};
}

catalog_t *catalog_new(uint64_t limit)
{
    catalog_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->limit = limit;
    self->arena = arena_new();
    self->by_topic = table_new();
    if (!self->arena || !self->by_topic)
        catalog_destroy(&self);
    return self;
}

void catalog_destroy(catalog_t **self)
{
    catalog_t *catalog = *self;
    if (!catalog)
        return;
    for (size_t i = 0; i < catalog->book_count; i++)
        book_destroy(catalog->books[i]);
    for (size_t i = 0; i < catalog->offerer_count; i++)
        free(catalog->offerers[i]);
    free(catalog->books);
    table_destroy(&catalog->by_topic);
    arena_destroy(&catalog->arena);
    free(catalog);
    *self = NULL;
}

static retention_rule_t rule_of(const catalog_t *self, text_t symbol)
{
    return self->rules ? retention_of(self->rules, symbol) : (retention_rule_t){0};
}

/* How many trades of a stream are held. */
static uint64_t limit_of(const catalog_t *self, const book_t *book, text_t topic)
{
    bool coverage = text_starts_with(topic, TEXT(CHANNEL_COVERAGE "."));
    uint64_t trades = coverage ? 0 : rule_of(self, book_symbol(book)).trades;
    if (trades > 0)
        return trades;
    return self->limit > CATALOG_LATEST && (coverage || book_keeps_latest(book, topic)) ? CATALOG_LATEST : self->limit;
}

static void book_retain(const catalog_t *self, const book_t *book)
{
    for (size_t i = 0; i < book->memory_log_count; i++)
        memory_log_set_limit(book->memory_logs[i], limit_of(self, book, memory_log_topic(book->memory_logs[i])));
}

void catalog_retain(catalog_t *self, const retention_t *rules)
{
    self->rules = rules;
    for (size_t i = 0; i < self->book_count; i++)
        book_retain(self, self->books[i]);
}

void catalog_age(catalog_t *self, int64_t now_ns)
{
    for (size_t i = 0; self->rules && i < self->book_count; i++) {
        const book_t *book = self->books[i];
        int64_t age_ns = rule_of(self, book_symbol(book)).age_ns;
        for (size_t j = 0; age_ns > 0 && j < book->memory_log_count; j++)
            memory_log_drop_before(book->memory_logs[j], now_ns - age_ns);
    }
}

static memory_log_t *memory_log_make(catalog_t *self, text_t topic)
{
    text_t symbol, source;
    if (!topic_parse(topic, &symbol, &source))
        return NULL;
    book_t *book = book_make(self, symbol);
    if (!book || book->memory_log_count == CATALOG_SOURCES_MAX || self->stream_count == CATALOG_STREAMS_MAX)
        return NULL;
    memory_log_t *memory_log = memory_log_new(topic, limit_of(self, book, topic), self->arena);
    if (!memory_log || !table_put(self->by_topic, topic, memory_log)) {
        memory_log_destroy(&memory_log);
        return NULL;
    }
    self->stream_count++;
    book_insert(book, memory_log);
    return memory_log;
}

memory_log_t *catalog_memory_log(catalog_t *self, text_t topic)
{
    if (self->last && text_equal(memory_log_topic(self->last), topic))
        return self->last;
    memory_log_t *memory_log = catalog_find(self, topic);
    if (!memory_log)
        memory_log = memory_log_make(self, topic);
    if (memory_log)
        self->last = memory_log;
    return memory_log;
}

memory_log_t *catalog_find(const catalog_t *self, text_t topic)
{
    return table_get(self->by_topic, topic);
}

/* What a status says of the channel that was asked for last: its symbols come channel by channel, mostly. */
typedef struct {
    text_t channels, channel;
    bool latest;
} keeping_t;

static bool keeps_latest(keeping_t *self, text_t subject)
{
    text_t channel, key, name;
    bool latest;
    if (subject_is_symbol(subject))
        return false;
    subject_split(subject, &channel, &key);
    if (text_equal(channel, self->channel))
        return self->latest;
    self->channel = channel;
    self->latest = false;
    for (json_walk_t walk = json_walk(self->channels); status_next_channel(&walk, &name, &latest);)
        self->latest = self->latest || (latest && text_equal(name, channel));
    return self->latest;
}

void catalog_offer(catalog_t *self, const status_t *status)
{
    offerer_t *offerer = offerer_make(self, status->source);
    if (!offerer)
        return;
    offerer->round++;
    offerer->heard_ns = status->time_ns;
    keeping_t keeping = {.channels = status->channels.length > 0 ? status->channels : TEXT("{}")};
    json_walk_t walk = json_walk(status->event == STATUS_WITHDRAWN ? TEXT("{}") : status->symbols);
    text_t symbol;
    uint64_t last_seq;
    while (status_next_symbol(&walk, &symbol, &last_seq)) {
        book_t *book = subject_valid(symbol) ? book_make(self, symbol) : NULL;
        symbol_offer_t *offer = book ? book_offer(book, offerer) : NULL;
        if (!offer || offer->latest == keeps_latest(&keeping, symbol))
            continue;
        offer->latest = !offer->latest;
        book_retain(self, book);
    }
}

bool catalog_offered(const catalog_t *self, text_t topic)
{
    text_t symbol, source;
    const book_t *book = topic_parse(topic, &symbol, &source) ? book_find(self, symbol) : NULL;
    for (size_t i = 0; book && i < book->offer_count; i++) {
        const offerer_t *offerer = book->offers[i].offerer;
        if (offer_stands(&book->offers[i]) && text_equal(KEPT_TEXT(&offerer->name), source))
            return true;
    }
    return false;
}

int64_t catalog_heard(const catalog_t *self, text_t source)
{
    for (size_t i = 0; i < self->offerer_count; i++)
        if (text_equal(KEPT_TEXT(&self->offerers[i]->name), source))
            return self->offerers[i]->heard_ns;
    return 0;
}

bool catalog_symbol(const catalog_t *self, text_t symbol, catalog_symbol_t *found)
{
    const book_t *book = book_find(self, symbol);
    if (!book || !book_known(book))
        return false;
    *found = book_describe(book);
    return true;
}

bool catalog_next(const catalog_t *self, size_t *at, catalog_symbol_t *found)
{
    while (*at < self->book_count) {
        const book_t *book = self->books[(*at)++];
        if (book_known(book)) {
            *found = book_describe(book);
            return true;
        }
    }
    return false;
}

size_t catalog_streams(const catalog_t *self)
{
    return self->stream_count;
}

uint64_t catalog_trades(const catalog_t *self)
{
    uint64_t trades = 0;
    for (size_t i = 0; i < self->book_count; i++)
        for (size_t j = 0; j < self->books[i]->memory_log_count; j++)
            trades += memory_log_count(self->books[i]->memory_logs[j]);
    return trades;
}
