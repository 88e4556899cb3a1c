#include "connectord/exchanges/fields.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const kind_names[] = {"nothing", "a string", "a number", "another type"};

/* The first mistake counts: what follows from it would only mislead. */
bool fields_wrong(fields_t *self, const char *format, ...)
{
    if (self->reason[0] != '\0')
        return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->reason, sizeof self->reason, format, arguments);
    va_end(arguments);
    return false;
}

/* The meaning of a raw string. One with more escapes than there is room for can't be ours. */
static bool unescape(fields_t *self, text_t raw, text_t *content)
{
    bool plain = memchr(raw.at, '\\', raw.length) == NULL;
    if (!plain && raw.length > sizeof self->unescaped - self->unescaped_length)
        return false;
    if (!json_string(raw, self->unescaped + self->unescaped_length, content))
        return false;
    self->unescaped_length += plain ? 0 : content->length;
    return true;
}

/* `count` for an unknown name. likely: where to look first. */
static size_t find(fields_t *self, const json_walk_t *walk, size_t likely)
{
    text_t key = walk->key;
    size_t used = self->unescaped_length;
    if (!walk->plain_key && !unescape(self, (text_t){key.at - 1, key.length + 2}, &key)) /* it stands between its quotes */
        return self->count;
    self->unescaped_length = used; /* it is only compared */
    if (likely < self->count && text_equal(key, self->names[likely]))
        return likely;
    size_t field = 0;
    while (field < self->count && !text_equal(key, self->names[field]))
        field++;
    return field;
}

static void take_value(fields_t *self, size_t field, const json_walk_t *walk)
{
    text_t raw = walk->value;
    json_kind_t kind = json_kind(raw);
    self->fields[field].kind = kind == JSON_NUMBER ? FIELD_NUMBER : FIELD_OTHER;
    self->fields[field].text = raw;
    if (kind != JSON_STRING)
        return;
    if (walk->plain)
        self->fields[field].text = (text_t){raw.at + 1, raw.length - 2};
    if (walk->plain || unescape(self, raw, &self->fields[field].text))
        self->fields[field].kind = FIELD_STRING;
}

static void begin(fields_t *self, const text_t *names, size_t count)
{
    assert(count <= FIELDS_MAX);
    self->names = names;
    self->count = count;
    self->reason[0] = '\0';
    self->unescaped_length = 0;
    memset(self->fields, 0, count * sizeof *self->fields);
}

static void take_member(fields_t *self, size_t field, const json_walk_t *walk)
{
    if (self->fields[field].kind != FIELD_ABSENT)
        fields_wrong(self, "%s: expected once, found twice", self->names[field].at);
    take_value(self, field, walk);
}

/* The value of the member that has objects: passed over, or read. False when it is no valid value. */
static bool read_inner(const fields_inner_t *inner, json_walk_t *walk);

/* Finds the members that have a name of ours. */
static void scan(fields_t *self, json_walk_t *walk, const fields_inner_t *inner)
{
    bool valid = walk->object;
    for (size_t likely = 0; valid && json_next_key(walk);) {
        size_t field = find(self, walk, likely);
        valid = inner && field == inner->field ? read_inner(inner, walk) : json_take(walk);
        if (!valid || field == self->count)
            continue;
        likely = field + 1;
        take_member(self, field, walk);
    }
}

/* One of the objects, or what stands in its place. */
static bool read_one(const fields_inner_t *inner, json_walk_t *walk)
{
    json_walk_t object;
    begin(inner->fields, inner->names, inner->count);
    if (!json_enter(walk, &object) || !object.object) {
        fields_wrong(inner->fields, "expected an object");
        return json_take(walk);
    }
    scan(inner->fields, &object, NULL);
    return json_leave(walk, &object);
}

static bool read_inner(const fields_inner_t *inner, json_walk_t *walk)
{
    json_walk_t array;
    bool valid = true;
    if (!json_enter(walk, &array) || array.object) {
        valid = read_one(inner, walk);
        if (valid && inner->found)
            inner->found(inner->arg, walk->value);
        return valid;
    }
    while (json_next_key(&array) && read_one(inner, &array))
        if (inner->found)
            inner->found(inner->arg, array.value);
    return json_leave(walk, &array);
}

bool fields_read_with(fields_t *self, const text_t *names, size_t count, const fields_inner_t *inner, text_t json)
{
    json_walk_t walk = json_walk(json);
    begin(self, names, count);
    scan(self, &walk, inner);
    if (!json_closed(&walk)) {
        begin(self, names, count);
        return fields_wrong(self, json_valid(json) ? "expected an object" : "expected JSON");
    }
    return self->reason[0] == '\0';
}

bool fields_read(fields_t *self, const text_t *names, size_t count, text_t json)
{
    return fields_read_with(self, names, count, NULL, json);
}

bool fields_expect(fields_t *self, size_t field, field_kind_t kind)
{
    field_kind_t found = fields_kind(self, field);
    if (found == FIELD_ABSENT)
        return fields_wrong(self, "%s: missing", self->names[field].at);
    if (found != kind)
        return fields_wrong(self, "%s: expected %s, found %s", self->names[field].at, kind_names[kind], kind_names[found]);
    return true;
}

bool fields_expect_or_none(fields_t *self, size_t field, field_kind_t kind)
{
    return fields_kind(self, field) == FIELD_ABSENT || fields_expect(self, field, kind);
}

void fields_drop_null(fields_t *self, size_t field)
{
    if (fields_kind(self, field) == FIELD_OTHER && json_kind(fields_text(self, field)) == JSON_NULL) {
        self->fields[field].kind = FIELD_ABSENT;
        self->fields[field].text = (text_t){0};
    }
}

bool fields_u64(fields_t *self, size_t field, uint64_t *number)
{
    if (!fields_expect(self, field, FIELD_NUMBER))
        return false;
    if (!text_to_u64(fields_text(self, field), number))
        return fields_wrong(self, "%s: expected a whole number, found %.*s", self->names[field].at,
                            TEXT_ARG(fields_text(self, field)));
    return true;
}

bool fields_expect_id(fields_t *self, size_t field)
{
    if (fields_kind(self, field) != FIELD_NUMBER)
        return fields_expect(self, field, FIELD_STRING);
    text_t id = fields_text(self, field);
    for (size_t i = 0; i < id.length; i++)
        if (id.at[i] == '.' || id.at[i] == 'e' || id.at[i] == 'E')
            return fields_wrong(self, "%s: expected a string or a whole number, found %.*s", self->names[field].at,
                                TEXT_ARG(id));
    return true;
}
