/* A mapping compiled (mapping.h): what is read from where. Made by rule_compile.h, read by mapping.c. */
#pragma once

#include "common/json/pointers.h"
#include "common/table.h"

enum { RULES_MAX = 8, RULES_ERROR_MAX = 512, RULE_TEXTS_MAX = 16, RULE_WHERE_MAX = 8, RULE_LEVELS_MAX = 3 };

/* Texts of which one is to match. */
typedef struct {
    text_t texts[RULE_TEXTS_MAX];
    size_t count;
} rule_texts_t;

/* Where a value stands: in the message, or in the record where the rule has `each`. */
typedef struct {
    const char *name; /* the key in the configuration */
    text_t pointer;   /* as it stands there; empty for the whole record, and without a pointer */
    unsigned place;
    bool present, outer;     /* outer: of the message */
    bool absolute;           /* a sign in front is left out */
    text_t value, otherwise; /* always this; this where nothing is found. `at` is NULL: not so */
} rule_field_t;

typedef enum { UNIT_ISO, UNIT_S, UNIT_MS, UNIT_US, UNIT_NS } rule_unit_t;

typedef struct {
    text_t pointer;
    unsigned place;
    rule_texts_t texts;
    text_t kind; /* "array" …: its type is what counts; empty: its text */
} rule_condition_t;

/* How a source's own numbers go on, so that it shows when one is missing. */
typedef struct {
    enum { CONTINUITY_NONE, CONTINUITY_PLUS_ONE, CONTINUITY_RISING } rule;
    bool of_id;  /* the numbers are the ids; else seqnum */
    bool by_key; /* each key has numbers of its own; else the connection has */
} rule_continuity_t;

typedef struct {
    rule_condition_t where[RULE_WHERE_MAX];
    size_t where_count;

    size_t levels; /* of arrays within one another: "/events/∗/trades" are two; 0: the message is the record */
    rule_field_t each;
    pointers_t inner
        [RULE_LEVELS_MAX]; /* of an element of each level: where the next array stands, and in the end the record's places */
    unsigned next[RULE_LEVELS_MAX];

    text_t channel;
    bool trades;
    rule_field_t key, id, timestamp, price, qty, side, seqnum, data;
    rule_unit_t unit;
    bool by_sign, makers; /* the side is a number's sign; it is the maker's */
    bool ignore_others;   /* an unknown side is no fault */
    rule_texts_t buy, sell;
    rule_continuity_t continuity;
    table_t *keys;     /* the source's spelling → one of key_texts; NULL: there is no table */
    text_t *key_texts; /* owned: ours */
} rule_t;

typedef struct {
    char *json; /* owned: slices of the rules point into it, … */
    char *unescaped;
    size_t unescaped_length; /* … and into this, where strings have escapes: as long as json at most */
    pointers_t outer;        /* of a message, for all rules */
    rule_t *rules;           /* owned */
    size_t count;
} rules_t;
