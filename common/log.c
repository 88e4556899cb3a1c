#include "common/log.h"

#include "common/clock.h"
#include "common/timestamp.h"

#include <stdarg.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 4096,
    LINE_END = 4,      /* what closes a line, at most: "\"}\n" */
    NUMBER_ROOM = 32,  /* a number, its separators and quotes */
    ESCAPE_LENGTH = 6, /* \u00ff */
    LIMIT_WINDOW_S = 10
};

/* The sink: the one global of this program. */
static struct {
    const char *program;
    log_level_t level;
    log_format_t format;
} sink = {"?", LOG_LEVEL_INFO, LOG_FORMAT_HUMAN};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const level_columns[] = {"error", "warn ", "info ", "debug"};
static const char *const format_names[] = {"human", "logfmt", "json"};

/* One line, built in place: LINE_END bytes are always left, so that a line which is cut still ends as its format wants. */
typedef struct {
    size_t length;
    char bytes[LINE_MAX_BYTES];
} log_line_t;

static bool log_line_fits(const log_line_t *line, size_t length)
{
    return length <= sizeof line->bytes - LINE_END - line->length;
}

static void put(log_line_t *line, text_t text)
{
    if (!log_line_fits(line, text.length))
        return;
    memcpy(line->bytes + line->length, text.at, text.length);
    line->length += text.length;
}

static void put_escape(log_line_t *line, char kind, unsigned code)
{
    static const char hex[] = "0123456789abcdef";
    if (kind == 'u')
        put(line, TEXT("\\u00"));
    else
        put(line, TEXT("\\x"));
    put(line, (text_t){(char[]){hex[code >> 4 & 15], hex[code & 15]}, 2});
}

/* Would the character do something to a terminal, or break the line? n: its length, from text_utf8_char. */
static bool is_control(const unsigned char *at, size_t n)
{
    return (n == 1 && (at[0] < 0x20 || at[0] == 0x7f)) || (n == 2 && at[0] == 0xc2 && at[1] < 0xa0) ||
           (n == 3 && at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)); /* U+2028, U+2029 */
}

/* One character (or one invalid byte) of a quoted value. Returns how many bytes of it were read. */
static size_t put_char(log_line_t *line, text_t text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    size_t n = text_utf8_char(text);
    if (n == 0) {
        if (sink.format == LOG_FORMAT_JSON)
            put(line, TEXT("\\ufffd"));
        else
            put_escape(line, 'x', at[0]);
        return 1;
    }
    if (n == 1 && (at[0] == '"' || at[0] == '\\'))
        put(line, (text_t){(char[]){'\\', text.at[0]}, 2});
    else if (n == 1 && at[0] == '\n')
        put(line, TEXT("\\n"));
    else if (n == 3 && is_control(at, n))
        put(line, at[2] == 0xa8 ? TEXT("\\u2028") : TEXT("\\u2029"));
    else if (is_control(at, n))
        put_escape(line, 'u', at[n - 1]); /* U+0080 to U+009F: the second byte is the code */
    else
        put(line, (text_t){text.at, n});
    return n;
}

static void put_quoted(log_line_t *line, text_t text)
{
    put(line, TEXT("\""));
    while (text.length && log_line_fits(line, ESCAPE_LENGTH)) {
        size_t n = put_char(line, text);
        text = (text_t){text.at + n, text.length - n};
    }
    line->bytes[line->length++] = '"'; /* one of the LINE_END bytes if need be */
}

static bool is_bare(text_t text)
{
    if (text.length == 0)
        return false;
    for (size_t n; text.length; text.at += n, text.length -= n) {
        n = text_utf8_char(text);
        if (n == 0 || is_control((const unsigned char *)text.at, n) || strchr(" \"=\\", *text.at))
            return false;
    }
    return true;
}

static void put_value(log_line_t *line, text_t text)
{
    if (sink.format != LOG_FORMAT_JSON && is_bare(text) && log_line_fits(line, text.length))
        put(line, text);
    else
        put_quoted(line, text);
}

static void put_u64(log_line_t *line, uint64_t value)
{
    char digits[20];
    put(line, (text_t){digits, text_from_u64(digits, value)});
}

static void put_key(log_line_t *line, const char *key)
{
    if (sink.format == LOG_FORMAT_JSON) {
        put(line, line->length == 0 ? TEXT("{\"") : TEXT(",\""));
        put(line, text_of(key));
        put(line, TEXT("\":"));
    } else {
        if (line->length)
            put(line, TEXT(" "));
        put(line, text_of(key));
        put(line, TEXT("="));
    }
}

/* Whole, or with its text cut, or not at all: a key never stands without its value. */
static void put_field(log_line_t *line, const log_field_t *field)
{
    if (!log_line_fits(line, strlen(field->key) + NUMBER_ROOM))
        return;
    put_key(line, field->key);
    switch (field->type) {
    case LOG_FIELD_TEXT:
        put_value(line, field->text);
        break;
    case LOG_FIELD_U64:
        put_u64(line, field->u64);
        break;
    case LOG_FIELD_I64:
        if (field->i64 < 0)
            put(line, TEXT("-"));
        put_u64(line, field->i64 < 0 ? 0 - (uint64_t)field->i64 : (uint64_t)field->i64);
        break;
    }
}

static void put_head(log_line_t *line, log_level_t level, const char *message)
{
    char time[TIMESTAMP_MAX];
    text_t now = {time, timestamp_print(time, clock_real_ns(), 3)};
    if (sink.format == LOG_FORMAT_HUMAN) {
        put(line, now);
        put(line, TEXT(" "));
        put(line, text_of(level_columns[level]));
        put(line, TEXT(" "));
        put(line, text_of(sink.program));
        put(line, TEXT(" "));
        put(line, text_of(message));
        return;
    }
    put_field(line, LOG_SLICE("time", now));
    put_field(line, LOG_TEXT("level", level_names[level]));
    put_field(line, LOG_TEXT("program", sink.program));
    put_field(line, LOG_TEXT("message", message));
}

static void log_line_end(log_line_t *line)
{
    if (sink.format == LOG_FORMAT_JSON)
        line->bytes[line->length++] = '}';
    line->bytes[line->length++] = '\n';
}

static void log_line_write(const log_line_t *line)
{
    for (size_t done = 0; done < line->length;) {
        ssize_t n = write(STDERR_FILENO, line->bytes + done, line->length - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == -1 && errno != EINTR)
            return; /* there is nowhere to say so */
    }
}

static bool name_parse(text_t text, const char *const *names, size_t count, unsigned *number)
{
    for (unsigned i = 0; i < count; i++) {
        if (text_equal(text, text_of(names[i]))) {
            *number = i;
            return true;
        }
    }
    return false;
}

void log_open(const char *program, log_level_t level, log_format_t format)
{
    sink.program = program;
    sink.level = level;
    sink.format = format;
}

void log_set_level(log_level_t level)
{
    sink.level = level;
}

bool log_enabled(log_level_t level)
{
    return level <= sink.level;
}

bool log_level_parse(text_t text, log_level_t *level)
{
    return name_parse(text, level_names, sizeof level_names / sizeof *level_names, level);
}

bool log_format_parse(text_t text, log_format_t *format)
{
    return name_parse(text, format_names, sizeof format_names / sizeof *format_names, format);
}

void log_write(log_level_t level, const char *message, ...)
{
    if (!log_enabled(level))
        return;
    int saved_errno = errno; /* logging changes nothing for the caller */
    log_line_t line;
    line.length = 0;
    put_head(&line, level, message);
    va_list fields;
    va_start(fields, message);
    for (const log_field_t *field; (field = va_arg(fields, log_field_t *));)
        put_field(&line, field);
    va_end(fields);
    log_line_end(&line);
    log_line_write(&line);
    errno = saved_errno;
}

bool log_allowed(log_limit_t *limit, int64_t now_ns)
{
    int64_t *oldest = &limit->line_ns[limit->allowed % LOG_LIMIT_LINES];
    if (limit->allowed >= LOG_LIMIT_LINES && now_ns - *oldest < LIMIT_WINDOW_S * NS_PER_S) {
        limit->suppressed++;
        return false;
    }
    *oldest = now_ns;
    limit->allowed++;
    return true;
}

uint64_t log_suppressed(log_limit_t *limit)
{
    uint64_t count = limit->suppressed;
    limit->suppressed = 0;
    return count;
}
