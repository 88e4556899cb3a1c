/* Leveled, structured logs on stderr, one line per event.
 *
 *     log_warn("source: lost", LOG_TEXT("source", name), LOG_U64("attempt", n));
 *
 * The message names the part and the event and never changes, so it can be searched for; what varies is in the
 * fields. Formats: human (`2025-11-10T17:24:33.937Z warn  connectord source: lost source=blockchain attempt=3`), logfmt
 * and JSON lines, with the same names in all of them. Fields that hold secrets are the caller's mistake: don't.
 */
#pragma once

#include "common/clock.h"
#include "common/text.h"

#include <errno.h> /* LOG_ERRNO */

typedef enum { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG } log_level_t;
typedef enum { LOG_FORMAT_HUMAN, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON } log_format_t;

typedef struct {
    const char *key;
    enum { LOG_FIELD_TEXT, LOG_FIELD_U64, LOG_FIELD_I64 } type;
    union {
        text_t text;
        uint64_t u64;
        int64_t i64;
    };
} log_field_t;

#define LOG_TEXT(name, string) (&(log_field_t){.key = (name), .type = LOG_FIELD_TEXT, .text = text_of(string)})
#define LOG_SLICE(name, slice) (&(log_field_t){.key = (name), .type = LOG_FIELD_TEXT, .text = (slice)})
#define LOG_U64(name, number)  (&(log_field_t){.key = (name), .type = LOG_FIELD_U64, .u64 = (number)})
#define LOG_I64(name, number)  (&(log_field_t){.key = (name), .type = LOG_FIELD_I64, .i64 = (number)})
/* errno's text, as field "error" */
#define LOG_ERRNO() LOG_TEXT("error", strerror(errno))

/* Until this is called: program "?", level info, format human. `program` is kept, not copied. */
void log_open(const char *program, log_level_t level, log_format_t format);
void log_set_level(log_level_t level);
bool log_enabled(log_level_t level);

/* "error", "warn", "info", "debug"; "human", "logfmt", "json". False for other text. */
bool log_level_parse(text_t text, log_level_t *level);
bool log_format_parse(text_t text, log_format_t *format);

/* Fields end with NULL: use the macros. A line over 4 KiB is cut. Control characters and broken UTF-8 in values are
 * escaped, so that no input forges a line. */
void log_write(log_level_t level, const char *message, ...) __attribute__((sentinel));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__, (log_field_t *)0)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__, (log_field_t *)0)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__, (log_field_t *)0)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__, (log_field_t *)0)

/* For events that the outside world can cause at any rate: at most 5 lines in any 10 s. The line gets a field "suppressed": how many were
 * left out since the one before. The fields of a line that is left out are not evaluated. One static log_limit_t (zeroed) per place, or one
 * in each object that has its own:
 *
 *     static log_limit_t limit;
 *     log_warn_limited(&limit, "bus: malformed trade", LOG_SLICE("topic", topic));
 */
enum { LOG_LIMIT_LINES = 5 };

typedef struct {
    int64_t line_ns[LOG_LIMIT_LINES]; /* when the last lines were allowed: a ring */
    uint64_t allowed;
    uint64_t suppressed;
} log_limit_t;

#define log_error_limited(limit, ...) LOG_LIMITED((limit), log_error, __VA_ARGS__)
#define log_warn_limited(limit, ...)  LOG_LIMITED((limit), log_warn, __VA_ARGS__)
#define log_info_limited(limit, ...)  LOG_LIMITED((limit), log_info, __VA_ARGS__)
#define log_debug_limited(limit, ...) LOG_LIMITED((limit), log_debug, __VA_ARGS__)

#define LOG_LIMITED(limit, write, ...)                                                                                         \
    (log_allowed((limit), clock_mono_ns()) ? write(__VA_ARGS__, LOG_U64("suppressed", log_suppressed(limit))) : (void)0)

/* The steps of it. */
bool log_allowed(log_limit_t *limit, int64_t now_ns);

/* How many were suppressed since the last call; resets the count. */
uint64_t log_suppressed(log_limit_t *limit);
