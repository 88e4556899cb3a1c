/* The members of a JSON object that an exchange's message is made of: found by name in one pass, each with its kind, strict and without allocation.
 *
 *     enum { PRICE, SIZE, FIELDS };
 *     static const text_t names[FIELDS] = {TEXT_CONST("price"), TEXT_CONST("size")};
 *     if (fields_read (&fields, names, FIELDS, json) && fields_expect (&fields, PRICE, FIELD_STRING)) use (fields_text (&fields, PRICE));
 *
 * RFC 8259's grammar (json.h), no member twice; other members are skipped, whatever they hold. To name them in the order in which the exchange sends
 * them saves comparisons.
 */
#pragma once

#include "common/json/json.h"

enum { FIELDS_MAX = 16, FIELDS_REASON_MAX = 400, FIELDS_ESCAPED_MAX = 2048 };

typedef enum { FIELD_ABSENT, FIELD_STRING, FIELD_NUMBER, FIELD_OTHER } field_kind_t;

typedef struct {
    const text_t *names;
    size_t count;
    char reason[FIELDS_REASON_MAX]; /* what is wrong first: the member, what was expected, what was found; empty: nothing */
    struct {
        char kind;   /* field_kind_t */
        text_t text; /* what a string means, the text of a number, the raw text of anything else */
    } fields[FIELDS_MAX];
    char unescaped[FIELDS_ESCAPED_MAX]; /* the strings that have escapes: few, if any */
    size_t unescaped_length;
} fields_t;

/* Reads an object. `names`, at most FIELDS_MAX, are kept. False: it is no valid object (`reason` says so, and no field is to be used), or a member
 * is there twice. The slices point into `json` and into the fields themselves: don't copy them. */
bool fields_read(fields_t *self, const text_t *names, size_t count, text_t json);

/* A member that is an object or an array of them: each of these is read, too, in the one pass over the text. */
typedef struct {
    size_t field;        /* the member, by its number among the outer names */
    const text_t *names; /* of the inner ones */
    size_t count;
    fields_t *fields; /* what was read last */
    /* One has been read (`fields`; its `reason` says if it is malformed), which stands there so. Nothing is known yet of what follows it: not even that the
     * whole is valid. NULL: there is one at most, and it is looked at afterwards. */
    void (*found)(void *arg, text_t json);
    void *arg;
} fields_inner_t;

/* fields_read, and `inner`, which has been read where its member is there and the whole is valid. */
bool fields_read_with(fields_t *self, const text_t *names, size_t count, const fields_inner_t *inner, text_t json);

static inline field_kind_t fields_kind(const fields_t *self, size_t field)
{
    return (field_kind_t)self->fields[field].kind;
}

static inline text_t fields_text(const fields_t *self, size_t field)
{
    return self->fields[field].text;
}

/* Is a field a string of that content? */
static inline bool fields_is(const fields_t *self, size_t field, text_t content)
{
    return fields_kind(self, field) == FIELD_STRING && text_equal(fields_text(self, field), content);
}

/* Says what is wrong, unless something has been said, and returns false. */
bool fields_wrong(fields_t *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* False with the reason when the field is not of that kind; fields_expect_or_none: and not absent either. */
bool fields_expect(fields_t *self, size_t field, field_kind_t kind);
bool fields_expect_or_none(fields_t *self, size_t field, field_kind_t kind);

/* What is null is not there. */
void fields_drop_null(fields_t *self, size_t field);

/* A number that is whole, from 0 to UINT64_MAX. */
bool fields_u64(fields_t *self, size_t field, uint64_t *number);

/* A text, or a whole number of any length, as it stands: an id. */
bool fields_expect_id(fields_t *self, size_t field);
