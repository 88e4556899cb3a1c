#include "tests/simulator/control_call.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/simulator/clock.h"

enum { ERROR_BYTES = 256, SECONDS_MAX = 86400 };

static control_reply_t reply_format(int status, const char *format, va_list arguments)
{
    control_reply_t reply = {.status = status, .file = -1};
    const int length = vasprintf(&reply.body, format, arguments);
    if (length < 0)
        return (control_reply_t){.status = 500, .file = -1};
    reply.length = (size_t)length;
    return reply;
}

static control_reply_t reply_print(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

static control_reply_t reply_print(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const control_reply_t reply = reply_format(status, format, arguments);
    va_end(arguments);
    return reply;
}

control_reply_t control_error(int status, const char *format, ...)
{
    char text[ERROR_BYTES], quoted[2 * ERROR_BYTES + 8];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_writer_t out = writer_on(quoted, sizeof quoted);
    writer_quoted(&out, text, sizeof text);
    return reply_print(status, "{\"ok\":false,\"error\":%s}\n", writer_string(&out));
}

void control_reply_release(control_reply_t *self)
{
    free(self->body);
    if (self->file != -1)
        close(self->file);
    *self = (control_reply_t){.file = -1};
}

void call_reply(control_call_t *call, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    call->reply = reply_format(200, format, arguments);
    va_end(arguments);
}

const char *call_text(const control_call_t *call, const char *name)
{
    for (size_t i = 0; i < call->request->parameter_count; i++)
        if (strcmp(call->request->parameters[i].name, name) == 0)
            return call->request->parameters[i].value;
    return NULL;
}

bool call_whole(control_call_t *call, const char *name, uint64_t least, uint64_t most, uint64_t fallback, uint64_t *value)
{
    const char *text = call_text(call, name);
    *value = fallback;
    if (!text)
        return true;
    const size_t digits = strspn(text, "0123456789");
    *value = strtoull(text, NULL, 10);
    if (digits > 0 && digits < 20 && text[digits] == '\0' && *value >= least && *value <= most)
        return true;
    call->reply = control_error(400, "%s: expected %" PRIu64 " to %" PRIu64 ", found '%s'", name, least, most, text);
    return false;
}

bool call_seconds(control_call_t *call, int64_t *ns)
{
    const char *text = call_text(call, "seconds");
    char *end = NULL;
    const double seconds = text ? strtod(text, &end) : 0;
    if (text && end != text && *end == '\0' && seconds >= 0 && seconds <= SECONDS_MAX) {
        *ns = (int64_t)(seconds * (double)NS_PER_S);
        return true;
    }
    call->reply = control_error(400, "seconds: expected 0 to %d, found '%s'", SECONDS_MAX, text ? text : "");
    return false;
}

bool call_connection(control_call_t *call, uint64_t *id)
{
    if (!call_whole(call, "conn", 1, UINT64_MAX, 0, id))
        return false;
    if (*id == 0)
        return true;
    for (size_t i = 0; i < exchange_connections(call->exchange); i++)
        if (connection_id(exchange_connection(call->exchange, i)) == *id)
            return true;
    call->reply = control_error(400, "conn: expected the id of an open connection, found '%" PRIu64 "'", *id);
    return false;
}
