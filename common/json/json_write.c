#include "common/json/json_write.h"

#include "common/timestamp.h"

/* After what a container or a member begins with comes its first value, and after anything else another one. */
static bool needs_comma(const json_writer_t *self)
{
    const buffer_t *out = self->out;
    if (out->length <= self->start)
        return false;
    char last = out->bytes[out->length - 1];
    return last != '{' && last != '[' && last != ':';
}

/* What stands before a value. */
static void put_before(json_writer_t *self, const char *name)
{
    if (needs_comma(self))
        buffer_append(self->out, TEXT(","));
    if (!name)
        return;
    buffer_append(self->out, TEXT("\""));
    buffer_append(self->out, text_of(name));
    buffer_append(self->out, TEXT("\":"));
}

json_writer_t json_write(buffer_t *out)
{
    return (json_writer_t){.out = out, .start = out->length};
}

json_writer_t json_write_on(buffer_t *out)
{
    return (json_writer_t){.out = out};
}

void json_open_object(json_writer_t *self, const char *name)
{
    json_put_raw(self, name, TEXT("{"));
}

void json_close_object(json_writer_t *self)
{
    buffer_append(self->out, TEXT("}"));
}

void json_open_array(json_writer_t *self, const char *name)
{
    json_put_raw(self, name, TEXT("["));
}

void json_close_array(json_writer_t *self)
{
    buffer_append(self->out, TEXT("]"));
}

void json_put_name(json_writer_t *self, text_t name)
{
    put_before(self, NULL);
    buffer_append_json_string(self->out, name);
    buffer_append(self->out, TEXT(":"));
}

void json_put_text(json_writer_t *self, const char *name, text_t text)
{
    put_before(self, name);
    buffer_append_json_string(self->out, text);
}

void json_put_escaped(json_writer_t *self, const char *name, text_t content)
{
    json_put_raw(self, name, TEXT("\""));
    buffer_append(self->out, content);
    buffer_append(self->out, TEXT("\""));
}

void json_put_u64(json_writer_t *self, const char *name, uint64_t value)
{
    put_before(self, name);
    buffer_append_u64(self->out, value);
}

void json_put_bool(json_writer_t *self, const char *name, bool value)
{
    json_put_raw(self, name, value ? TEXT("true") : TEXT("false"));
}

void json_put_null(json_writer_t *self, const char *name)
{
    json_put_raw(self, name, TEXT("null"));
}

void json_put_time(json_writer_t *self, const char *name, int64_t ns, int digits)
{
    char time[TIMESTAMP_MAX];
    json_put_escaped(self, name, (text_t){time, timestamp_print(time, ns, digits)});
}

void json_put_raw(json_writer_t *self, const char *name, text_t json)
{
    put_before(self, name);
    buffer_append(self->out, json);
}
