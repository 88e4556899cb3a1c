/* What json_valid takes, a walk sees as cJSON, written by others, sees it, and so it does what the writer makes of it; a walk over anything else stays inside of
 * it. */
#include "common/json/json.h"
#include "common/json/json_write.h"
#include "tests/fuzz/fuzz.h"

#include <cjson/cJSON.h>

/* Visits whatever a walk finds, valid or not. */
static void visit(text_t value, int depth)
{
    json_walk_t walk = json_walk(value);
    while (depth < JSON_DEPTH && json_next(&walk)) {
        require(walk.value.at > value.at && walk.value.at + walk.value.length <= value.at + value.length);
        require(json_valid(walk.value));
        visit(walk.value, depth + 1);
    }
}

/* The same in one pass. */
static void visit_inside(json_walk_t *walk)
{
    json_walk_t inner;
    while (json_next_key(walk)) {
        bool container = json_enter(walk, &inner);
        if (container)
            visit_inside(&inner);
        require(!(container ? json_leave(walk, &inner) : json_take(walk)) || json_valid(walk->value));
    }
}

static json_kind_t kind_of(const cJSON *item)
{
    return cJSON_IsObject(item)   ? JSON_OBJECT
           : cJSON_IsArray(item)  ? JSON_ARRAY
           : cJSON_IsString(item) ? JSON_STRING
           : cJSON_IsNumber(item) ? JSON_NUMBER
           : cJSON_IsTrue(item)   ? JSON_TRUE
           : cJSON_IsFalse(item)  ? JSON_FALSE
                                  : JSON_NULL;
}

static void require_same(text_t value, const cJSON *item)
{
    require(json_kind(value) == kind_of(item));
    json_walk_t walk = json_walk(value);
    const cJSON *child = item->child;
    for (; json_next(&walk); child = child->next) {
        require(child != NULL);
        require(!walk.object || memchr(walk.key.at, '\\', walk.key.length) || text_equal(walk.key, text_of(child->string)));
        require_same(walk.value, child);
    }
    require(child == NULL);
}

/* The key of a member, or a string, without its escapes. */
static text_t meant(text_t raw, buffer_t *room)
{
    text_t content = {NULL, 0};
    buffer_clear(room);
    char *out = buffer_room(room, raw.length);
    require(out && json_string(raw, out, &content));
    return content;
}

static void write_again(json_writer_t *json, text_t value, buffer_t *room)
{
    json_walk_t walk = json_walk(value);
    json_kind_t kind = json_kind(value);
    if (kind == JSON_STRING)
        json_put_text(json, NULL, meant(value, room));
    else if (kind != JSON_OBJECT && kind != JSON_ARRAY)
        json_put_raw(json, NULL, value);
    if (kind != JSON_OBJECT && kind != JSON_ARRAY)
        return;
    (walk.object ? json_open_object : json_open_array)(json, NULL);
    while (json_next(&walk)) {
        if (walk.object)
            json_put_name(json, meant((text_t){walk.key.at - 1, walk.key.length + 2}, room));
        write_again(json, walk.value, room);
    }
    (kind == JSON_OBJECT ? json_close_object : json_close_array)(json);
}

static void require_same_written(text_t text, const cJSON *tree)
{
    buffer_t out = buffer_new(0), room = buffer_new(0);
    while (strchr(" \n\t\r", text.at[text.length - 1])) /* valid: there is something before */
        text.length--;
    json_writer_t json = json_write(&out);
    write_again(&json, text, &room);
    require(buffer_ok(&out) && json_valid(buffer_text(&out)));
    require_same(buffer_text(&out), tree);
    buffer_release(&room);
    buffer_release(&out);
}

/* cJSON refuses a surrogate alone and a number of 64 characters, which are fine by RFC 8259's grammar. */
static bool cjson_may_differ(text_t text)
{
    size_t run = 0;
    for (size_t i = 0; i < text.length && run < 60; i++)
        run = text.at[i] && strchr("0123456789+-.eE", text.at[i]) ? run + 1 : 0;
    return run >= 60 || memmem(text.at, text.length, "\\u", 2) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t text = {(const char *)data, size};
    bool valid = json_valid(text);
    visit(text, 0);
    json_walk_t walk = json_walk(text), inside = walk;
    bool container = walk.at < walk.end;
    visit_inside(&inside);
    require(!container || json_closed(&inside) == valid);
    while (json_next(&walk))
        require(walk.plain || memchr(walk.value.at, '\\', walk.value.length));
    require(!container || json_closed(&walk) == valid);
    while (text.length && strchr(" \n\t\r", *text.at) && *text.at)
        text = (text_t){text.at + 1, text.length - 1};
    if (valid && !cjson_may_differ(text)) {
        cJSON *tree = cJSON_ParseWithLength(text.at, text.length);
        require(tree != NULL);
        require_same(text, tree);
        require_same_written(text, tree);
        cJSON_Delete(tree);
    }
    return 0;
}
