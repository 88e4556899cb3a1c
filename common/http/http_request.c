#include "common/http/http_request.h"

#include <strings.h>

/* What may stand where: RFC 9110, 5.6.2; RFC 9112, 3.2. */
static bool is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token_text(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_token(text.at[i]))
            return false;
    return text.length > 0;
}

static bool is_target(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] <= ' ' || text.at[i] == 0x7f || text.at[i] == '#' || (signed char)text.at[i] < 0)
            return false;
    return text.length > 0;
}

static bool is_value(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if (((unsigned char)text.at[i] < ' ' && text.at[i] != '\t') || text.at[i] == 0x7f)
            return false;
    return true;
}

static bool is_host(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_target((text_t){text.at + i, 1}) || strchr("/?@,\\\"<>", text.at[i]))
            return false;
    return true;
}

static bool same_word(text_t text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.at, word, text.length) == 0;
}

static http_reading_t refuse(http_refusal_t *refusal, unsigned status, const char *reason)
{
    *refusal = (http_refusal_t){status, reason};
    return HTTP_REFUSED;
}

/* Takes a line, without its end. One that ends in a bare line feed has been taken for something else by others: *bare. */
static bool take_line(text_t *rest, text_t *line, bool *bare)
{
    const char *end = rest->length ? memchr(rest->at, '\n', rest->length) : NULL;
    if (!end)
        return false;
    size_t length = (size_t)(end - rest->at);
    *bare = length == 0 || end[-1] != '\r';
    *line = (text_t){rest->at, *bare ? length : length - 1};
    *rest = (text_t){end + 1, rest->length - length - 1};
    return true;
}

/* --- the request line --- */

/* Up to the next space, which is taken too. False when there is none. */
static bool take_word(text_t *rest, text_t *word)
{
    const char *end = rest->length ? memchr(rest->at, ' ', rest->length) : NULL;
    if (!end)
        return false;
    *word = (text_t){rest->at, (size_t)(end - rest->at)};
    *rest = (text_t){end + 1, rest->length - word->length - 1};
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static http_reading_t read_version(http_request_t *self, text_t version, http_refusal_t *refusal)
{
    if (version.length != 8 || !text_starts_with(version, TEXT("HTTP/")) || version.at[6] != '.' || !is_digit(version.at[5]) ||
        !is_digit(version.at[7]))
        return refuse(refusal, 400, "expected METHOD TARGET HTTP/1.1");
    if (version.at[5] != '1')
        return refuse(refusal, 505, "expected HTTP/1.1");
    self->old = version.at[7] == '0';
    return HTTP_WHOLE;
}

/* An absolute target is one for a proxy; every server has to take it (RFC 9112, 3.2.2). */
static text_t strip_authority(text_t target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(schemes[i]);
        if (target.length < length || strncasecmp(target.at, schemes[i], length) != 0)
            continue;
        for (; length < target.length && target.at[length] != '/' && target.at[length] != '?'; length++)
            ;
        return length == target.length ? TEXT("/") : (text_t){target.at + length, target.length - length};
    }
    return target;
}

static http_reading_t read_target(http_request_t *self, text_t target, http_refusal_t *refusal)
{
    if (!is_target(target))
        return refuse(refusal, 400, "expected a target of printable characters");
    text_t sent = target;
    target = strip_authority(target);
    const char *query = memchr(target.at, '?', target.length);
    self->path = (text_t){target.at, query ? (size_t)(query - target.at) : target.length};
    self->query = query ? (text_t){query + 1, target.length - self->path.length - 1} : (text_t){"", 0};
    if (target.at != sent.at && self->path.length == 0)
        self->path = TEXT("/");
    if ((self->path.length == 0 || self->path.at[0] != '/') && !text_equal(target, TEXT("*")))
        return refuse(refusal, 400, "expected a path that begins with /");
    return HTTP_WHOLE;
}

static http_reading_t read_request_line(http_request_t *self, text_t line, http_refusal_t *refusal)
{
    text_t target;
    if (!take_word(&line, &self->method) || !take_word(&line, &target) || !is_token_text(self->method))
        return refuse(refusal, 400, "expected METHOD TARGET HTTP/1.1");
    http_reading_t reading = read_version(self, line, refusal);
    return reading == HTTP_WHOLE ? read_target(self, target, refusal) : reading;
}

/* --- the fields --- */

static http_reading_t read_field(http_request_t *self, text_t line, http_refusal_t *refusal)
{
    const char *colon = memchr(line.at, ':', line.length);
    text_t name = {line.at, colon ? (size_t)(colon - line.at) : 0};
    if (!colon || !is_token_text(name)) /* a folded line, too */
        return refuse(refusal, 400, "expected NAME: VALUE");
    text_t value = text_trim((text_t){colon + 1, line.length - name.length - 1});
    if (!is_value(value))
        return refuse(refusal, 400, "expected a field without control characters");
    if (self->field_count == HTTP_FIELDS_MAX)
        return refuse(refusal, 431, "too many fields");
    self->fields[self->field_count++] = (http_field_t){name, value};
    return HTTP_WHOLE;
}

bool http_request_lists(const http_request_t *self, const char *name, const char *word)
{
    for (size_t i = 0; i < self->field_count; i++) {
        text_t rest = self->fields[i].value;
        while (same_word(self->fields[i].name, name) && rest.length > 0) {
            const char *comma = memchr(rest.at, ',', rest.length);
            size_t length = comma ? (size_t)(comma - rest.at) : rest.length;
            if (same_word(text_trim((text_t){rest.at, length}), word))
                return true;
            rest = (text_t){rest.at + length + (comma != NULL), rest.length - length - (comma != NULL)};
        }
    }
    return false;
}

size_t http_request_count(const http_request_t *self, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < self->field_count; i++)
        count += same_word(self->fields[i].name, name);
    return count;
}

static http_reading_t judge_body(http_request_t *self, http_refusal_t *refusal)
{
    size_t lengths = http_request_count(self, "Content-Length");
    bool coded = http_request_count(self, "Transfer-Encoding") > 0;
    uint64_t length = 0;
    if (lengths > 1 || (lengths == 1 && !text_to_u64(http_request_field(self, "Content-Length"), &length)))
        return refuse(refusal, 400, "expected one Content-Length, a number");
    if (coded && (lengths > 0 || self->old))
        return refuse(refusal, 400, "expected no Transfer-Encoding");
    self->coded = coded;
    self->length = length;
    self->body = coded || length > 0;
    return HTTP_WHOLE;
}

/* What the fields say of the connection and the message. */
static http_reading_t judge_fields(http_request_t *self, http_refusal_t *refusal)
{
    size_t hosts = http_request_count(self, "Host");
    if (hosts > 1 || (hosts == 0 && !self->old) || !is_host(http_request_field(self, "Host")))
        return refuse(refusal, 400, "expected one Host");
    text_t expects = http_request_field(self, "Expect");
    if (expects.length > 0 && !same_word(expects, "100-continue"))
        return refuse(refusal, 417, "expected no Expect but 100-continue");
    self->host = http_request_field(self, "Host");
    self->keeps = !http_request_lists(self, "Connection", "close") &&
                  (!self->old || http_request_lists(self, "Connection", "keep-alive"));
    self->websocket = !self->old && http_request_is(self, "GET") && http_request_lists(self, "Connection", "upgrade") &&
                      http_request_lists(self, "Upgrade", "websocket");
    return judge_body(self, refusal);
}

/* --- all of it --- */

/* begun: the request line is whole. */
static http_reading_t refuse_length(const http_request_t *self, bool begun, http_refusal_t *refusal)
{
    bool target = !begun || self->path.length + self->query.length > HTTP_HEAD_MAX / 2;
    return target ? refuse(refusal, 414, "the target is too long") : refuse(refusal, 431, "the head is too long");
}

static http_reading_t read_lines(http_request_t *self, text_t bytes, size_t *length, http_refusal_t *refusal)
{
    text_t rest = bytes, line;
    bool bare, begun = false;
    while (take_line(&rest, &line, &bare)) {
        if (bare)
            return refuse(refusal, 400, "expected lines that end in CR LF");
        *length = (size_t)(rest.at - bytes.at);
        if (begun && line.length == 0)
            return judge_fields(self, refusal);
        if (!begun && line.length == 0)
            continue; /* what some send behind a body (RFC 9112, 2.2) */
        http_reading_t reading = begun ? read_field(self, line, refusal) : read_request_line(self, line, refusal);
        if (reading != HTTP_WHOLE)
            return reading;
        begun = true;
    }
    if (bytes.length < HTTP_HEAD_MAX)
        return HTTP_PARTIAL;
    return refuse_length(self, begun, refusal);
}

http_reading_t http_request_read(http_request_t *self, text_t bytes, size_t *length, http_refusal_t *refusal)
{
    self->field_count = 0;
    http_reading_t reading = read_lines(self, bytes, length, refusal);
    return reading == HTTP_WHOLE && *length > HTTP_HEAD_MAX ? refuse_length(self, true, refusal) : reading;
}

text_t http_request_field(const http_request_t *self, const char *name)
{
    for (size_t i = 0; i < self->field_count; i++)
        if (same_word(self->fields[i].name, name))
            return self->fields[i].value;
    return (text_t){"", 0};
}

static int digit_of(char c)
{
    if (is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool http_decode(http_part_t part, text_t text, char *room, text_t *decoded)
{
    bool plain = !memchr(text.at, '%', text.length) && (part == HTTP_PATH || !memchr(text.at, '+', text.length));
    *decoded = plain ? text : (text_t){room, 0};
    for (size_t i = 0; !plain && i < text.length; i++) {
        char c = text.at[i];
        if (c == '%') {
            int high = text.length - i > 2 ? digit_of(text.at[i + 1]) : -1, low = high >= 0 ? digit_of(text.at[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && part == HTTP_QUERY) {
            c = ' ';
        }
        room[decoded->length++] = c;
    }
    return true;
}
