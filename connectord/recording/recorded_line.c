#include "connectord/recording/recorded_line.h"

#include "common/clock.h"
#include "common/json/json.h"
#include "proto/topic.h"

#include <inttypes.h>

enum { FRACTION_DIGITS = 9 };

#define MARK     TEXT("# line ")
#define CALLED   TEXT(" is called ")
#define ASKED    TEXT("asked")
#define ANSWERED TEXT("answered")
#define FOR      TEXT(" for ")

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool skip(text_t *text, text_t prefix)
{
    if (!text_starts_with(*text, prefix))
        return false;
    *text = (text_t){text->at + prefix.length, text->length - prefix.length};
    return true;
}

/* The digits that the text begins with. */
static text_t take_digits(text_t *text)
{
    text_t digits = {text->at, 0};
    while (digits.length < text->length && is_digit(text->at[digits.length]))
        digits.length++;
    *text = (text_t){text->at + digits.length, text->length - digits.length};
    return digits;
}

/* "1762795473.937" and what follows it. False for anything else. */
static bool take_time(text_t *text, int64_t *time_ns)
{
    text_t rest = *text, seconds = take_digits(&rest);
    uint64_t whole, fraction = 0;
    if (!text_to_u64(seconds, &whole) || whole >= INT64_MAX / NS_PER_S)
        return false;
    if (skip(&rest, TEXT("."))) {
        text_t digits = take_digits(&rest);
        for (size_t i = 0; i < FRACTION_DIGITS; i++)
            fraction = fraction * 10 + (i < digits.length ? (uint64_t)(digits.at[i] - '0') : 0);
    }
    *text = rest;
    *time_ns = (int64_t)(whole * NS_PER_S + fraction);
    return true;
}

/* "BTC-USD is called 17470": a subject has no spaces. */
static recorded_line_t read_name(text_t text, size_t line)
{
    const char *space = memchr(text.at, ' ', text.length);
    text_t subject = {text.at, space ? (size_t)(space - text.at) : 0};
    text = (text_t){text.at + subject.length, text.length - subject.length};
    if (!subject_valid(subject) || !skip(&text, CALLED) || text.length == 0)
        return (recorded_line_t){.kind = RECORDED_REMARK};
    return (recorded_line_t){.kind = RECORDED_NAME, .line = line, .subject = subject, .id = text};
}

/* "asked", "asked for BTC-USD", and the same of "answered". */
static bool read_answer(text_t text, recorded_line_t *answer)
{
    if (skip(&text, ANSWERED))
        answer->kind = RECORDED_ANSWERED;
    else if (skip(&text, ASKED))
        answer->kind = RECORDED_ASKED;
    else
        return false;
    bool of_one = skip(&text, FOR);
    answer->subject = text;
    return of_one ? subject_valid(text) || subject_is_any(text) : text.length == 0;
}

static recorded_line_t read_remark(text_t line)
{
    recorded_line_t remark = {.kind = RECORDED_REMARK};
    uint64_t number;
    if (!skip(&line, MARK) || !text_to_u64(take_digits(&line), &number) || number >= RECORDED_LINES_MAX)
        return remark;
    if (line.length == 0)
        return (recorded_line_t){.kind = RECORDED_LINE, .line = (size_t)number};
    if (text_equal(line, TEXT(": connected")) || text_equal(line, TEXT(": continued")))
        return (recorded_line_t){.kind = RECORDED_CONNECTION, .line = (size_t)number, .marked = true};
    recorded_line_t answer = {.line = (size_t)number};
    if (!skip(&line, TEXT(": ")))
        return remark;
    return read_answer(line, &answer) ? answer : read_name(line, (size_t)number);
}

/* "wss://host/path " at the start of what others recorded. */
static void skip_url(text_t *line)
{
    const char *space = memchr(line->at, ' ', line->length);
    text_t url = {line->at, space ? (size_t)(space - line->at) : 0};
    if (url.length > 0 && memmem(url.at, url.length, "://", 3))
        *line = (text_t){space + 1, line->length - url.length - 1};
}

recorded_line_t recorded_line_read(text_t line)
{
    recorded_line_t message = {.kind = RECORDED_MESSAGE, .message = line};
    if (line.length == 0)
        return (recorded_line_t){.kind = RECORDED_REMARK};
    if (line.at[0] == '#')
        return read_remark(line);
    if (line.at[0] == '{' || line.at[0] == '[')
        return message;
    skip_url(&line);
    if (text_starts_with(line, TEXT("<-> ")))
        return (recorded_line_t){.kind = RECORDED_CONNECTION};
    if (text_starts_with(line, TEXT("<- ")))
        return (recorded_line_t){.kind = RECORDED_REMARK};
    int64_t time_ns;
    skip(&line, TEXT("-> ")); /* an answer that was asked for by HTTP */
    if (take_time(&line, &time_ns) && skip(&line, TEXT(": "))) {
        message.message = line;
        message.time_ns = time_ns;
    }
    return message;
}

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

/* One that has line ends is rare, and may be scanned for what it is. */
static void put_in_one_line(buffer_t *out, text_t message)
{
    char *room = buffer_room(out, message.length);
    char instead = json_valid(message) ? ' ' : '\v';
    if (!room)
        return;
    for (size_t i = 0; i < message.length; i++)
        room[i] = ends_line(message.at[i]) ? instead : message.at[i];
    buffer_took(out, message.length);
}

void recorded_line_put_message(buffer_t *out, int64_t received_ns, text_t message)
{
    buffer_printf(out, "%" PRId64 ".%09" PRId64 ": ", received_ns / NS_PER_S, received_ns % NS_PER_S);
    if (memchr(message.at, '\n', message.length) || memchr(message.at, '\r', message.length))
        put_in_one_line(out, message);
    else
        buffer_append(out, message);
    buffer_append(out, TEXT("\n"));
}

void recorded_line_put_mark(buffer_t *out, size_t line, text_t state)
{
    buffer_printf(out, "# line %zu%s%.*s\n", line, state.length > 0 ? ": " : "", TEXT_ARG(state));
}

void recorded_line_put_name(buffer_t *out, size_t line, text_t subject, text_t id)
{
    buffer_printf(out, "# line %zu: %.*s is called %.*s\n", line, TEXT_ARG(subject), TEXT_ARG(id));
}

void recorded_line_put_answer(buffer_t *out, size_t line, recorded_kind_t kind, text_t subject)
{
    buffer_printf(out, "# line %zu: %s%s%.*s\n", line, kind == RECORDED_ASKED ? "asked" : "answered",
                  subject.length > 0 ? " for " : "", TEXT_ARG(subject));
}

void recorded_line_put_remark(buffer_t *out, text_t remark)
{
    buffer_printf(out, "# %.*s\n", TEXT_ARG(remark));
}
