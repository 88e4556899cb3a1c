/* JSON Pointers (RFC 6901), many at once: compiled into one tree, whose places are all found in a single pass over a text.
 *
 *     /ts  /px  /arg/channel           ─┬─ ts ▶ 0
 *                                       ├─ px ▶ 1
 *                                       └─ arg ── channel ▶ 2
 *
 * Of an array's elements the name is their index. Allocates nothing, neither when pointers are added nor when they are found.
 */
#pragma once

#include "common/text.h"

enum {
    POINTERS_MAX = 64,    /* places */
    POINTERS_NODES = 128, /* names on the way to them */
    POINTERS_NAMES = 2048 /* bytes of all names */
};

typedef struct {
    uint16_t name, length; /* in `names` */
    uint16_t first, next;  /* child and sibling; 0: none */
    int16_t place;         /* -1: only on the way to others */
    uint32_t index;        /* what the name means in an array; UINT32_MAX: nothing */
} pointers_node_t;

typedef struct {
    pointers_node_t nodes[POINTERS_NODES]; /* the first is the root */
    char names[POINTERS_NAMES];
    uint16_t node_count, name_bytes, place_count;
} pointers_t;

typedef enum {
    POINTERS_FOUND,
    POINTERS_INVALID /* no JSON */,
    POINTERS_TWICE /* a member that is wanted stands there twice */
} pointers_result_t;

void pointers_init(pointers_t *self);

/* Adds one; "" is the whole text. *place: its number, from 0; the same pointer has the same one. Returns what is wrong, or NULL. */
const char *pointers_add(pointers_t *self, text_t pointer, unsigned *place);

/* Sets found[place] for each place to the raw value there, or to an empty slice. Checks the whole text (json.h's grammar) on the way. POINTERS_TWICE:
 * *place is which; where members are repeated nobody can tell which one is meant. */
pointers_result_t pointers_find(const pointers_t *self, text_t json, text_t found[static POINTERS_MAX], unsigned *place);
