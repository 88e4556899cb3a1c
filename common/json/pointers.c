#include "common/json/pointers.h"

#include "common/json/json.h"

enum { ROOT = 0, NAME_MAX = 256, ABSENT = -1 };

void pointers_init(pointers_t *self)
{
    *self = (pointers_t){.node_count = 1};
    self->nodes[ROOT] = (pointers_node_t){.place = ABSENT, .index = UINT32_MAX};
}

/* --- adding --- */

static text_t name_of(const pointers_t *self, const pointers_node_t *node)
{
    return (text_t){self->names + node->name, node->length};
}

/* An array's index is digits without a zero in front. */
static uint32_t index_of(text_t name)
{
    uint64_t index;
    bool plain = name.length == 1 || (name.length > 0 && name.at[0] != '0');
    return plain && text_to_u64(name, &index) && index < UINT32_MAX ? (uint32_t)index : UINT32_MAX;
}

/* What a name between two slashes means: ~1 is a slash, ~0 a tilde. False where it can't be taken. */
static bool unescape(text_t raw, char *out, text_t *name)
{
    size_t length = 0;
    for (size_t i = 0; i < raw.length; i++) {
        char c = raw.at[i];
        if (c == '~') {
            if (++i == raw.length || (raw.at[i] != '0' && raw.at[i] != '1'))
                return false;
            c = raw.at[i] == '0' ? '~' : '/';
        }
        out[length++] = c;
    }
    *name = (text_t){out, length};
    return true;
}

static pointers_node_t *child_of(pointers_t *self, const pointers_node_t *parent, text_t name)
{
    for (uint16_t i = parent->first; i != 0; i = self->nodes[i].next) {
        if (text_equal(name_of(self, &self->nodes[i]), name))
            return &self->nodes[i];
    }
    return NULL;
}

/* Behind its siblings, so that they are looked for in the order in which they were added. */
static pointers_node_t *add_child(pointers_t *self, pointers_node_t *parent, text_t name)
{
    if (self->node_count == POINTERS_NODES || name.length > (size_t)(POINTERS_NAMES - self->name_bytes))
        return NULL;
    uint16_t number = self->node_count++, *end = &parent->first;
    while (*end != 0)
        end = &self->nodes[*end].next;
    *end = number;
    self->nodes[number] =
        (pointers_node_t){.name = self->name_bytes, .length = (uint16_t)name.length, .place = ABSENT, .index = index_of(name)};
    memcpy(self->names + self->name_bytes, name.at, name.length);
    self->name_bytes += (uint16_t)name.length;
    return &self->nodes[number];
}

const char *pointers_add(pointers_t *self, text_t pointer, unsigned *place)
{
    static const char too_many[] = "more pointers than a mapping may have";
    pointers_node_t *node = &self->nodes[ROOT];
    while (pointer.length > 0) {
        char room[NAME_MAX];
        text_t name;
        if (pointer.at[0] != '/')
            return "expected a JSON Pointer, which is empty or begins with a slash";
        const char *end = memchr(pointer.at + 1, '/', pointer.length - 1);
        size_t length = end ? (size_t)(end - pointer.at) : pointer.length;
        if (length > NAME_MAX || !unescape((text_t){pointer.at + 1, length - 1}, room, &name))
            return length > NAME_MAX ? "a name is longer than 255 bytes" : "expected ~0 or ~1 where there is a ~";
        pointers_node_t *child = child_of(self, node, name);
        node = child ? child : add_child(self, node, name);
        if (!node)
            return too_many;
        pointer = (text_t){pointer.at + length, pointer.length - length};
    }
    if (node->place == ABSENT) {
        if (self->place_count == POINTERS_MAX)
            return too_many;
        node->place = (int16_t)self->place_count++;
    }
    *place = (unsigned)node->place;
    return NULL;
}

/* --- finding --- */

typedef struct {
    const pointers_t *pointers;
    text_t *found;
    int twice; /* a place; ABSENT: none is there twice */
} search_t;

static const pointers_node_t *by_name(const search_t *search, const pointers_node_t *parent, const json_walk_t *walk)
{
    char room[NAME_MAX];
    text_t key = walk->key;
    const pointers_node_t *nodes = search->pointers->nodes;
    if (!walk->plain_key && (key.length > sizeof room - 2 || !json_string((text_t){key.at - 1, key.length + 2}, room, &key)))
        return NULL;
    for (uint16_t i = parent->first; i != 0; i = nodes[i].next) {
        if (text_equal(name_of(search->pointers, &nodes[i]), key))
            return &nodes[i];
    }
    return NULL;
}

static const pointers_node_t *by_index(const search_t *search, const pointers_node_t *parent, uint32_t index)
{
    const pointers_node_t *nodes = search->pointers->nodes;
    for (uint16_t i = parent->first; i != 0; i = nodes[i].next) {
        if (nodes[i].index == index)
            return &nodes[i];
    }
    return NULL;
}

static void take(search_t *search, const pointers_node_t *node, text_t value)
{
    if (node->place == ABSENT)
        return;
    if (search->found[node->place].at)
        search->twice = node->place;
    search->found[node->place] = value;
}

static bool is_container(text_t value)
{
    json_kind_t kind = json_kind(value);
    return kind == JSON_OBJECT || kind == JSON_ARRAY;
}

/* As deep as the tree, which its names bound. False for what is no JSON. */
static bool find_below(search_t *search, const pointers_node_t *parent, text_t container) // NOLINT(misc-no-recursion)
{
    json_walk_t walk = json_walk(container);
    for (uint32_t index = 0; json_next(&walk); index++) {
        const pointers_node_t *node = walk.object ? by_name(search, parent, &walk) : by_index(search, parent, index);
        if (!node)
            continue;
        take(search, node, walk.value);
        if (node->first != 0 && is_container(walk.value))
            find_below(search, node, walk.value);
    }
    return json_closed(&walk);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static text_t without_space(text_t json)
{
    while (json.length > 0 && is_space(json.at[0]))
        json = (text_t){json.at + 1, json.length - 1};
    while (json.length > 0 && is_space(json.at[json.length - 1]))
        json.length--;
    return json;
}

pointers_result_t pointers_find(const pointers_t *self, text_t json, text_t found[static POINTERS_MAX], unsigned *place)
{
    json = without_space(json);
    search_t search = {.pointers = self, .found = found, .twice = ABSENT};
    const pointers_node_t *root = &self->nodes[ROOT];
    memset(found, 0, self->place_count * sizeof *found);
    take(&search, root, json);
    if (is_container(json) ? !find_below(&search, root, json) : !json_valid(json))
        return POINTERS_INVALID;
    if (search.twice == ABSENT)
        return POINTERS_FOUND;
    *place = (unsigned)search.twice;
    return POINTERS_TWICE;
}
