#include "connectord/websocket/handshake.h"

#include <libwebsockets.h>
#include <strings.h>
#include <sys/random.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum { KEY_BYTES = 16, SHA1_BYTES = 20, ACCEPT_MAX = 32 };

handshake_t handshake_new(void)
{
    return (handshake_t){.answer = buffer_new(HANDSHAKE_ANSWER_MAX)};
}

void handshake_release(handshake_t *self)
{
    buffer_release(&self->answer);
}

bool handshake_ask(handshake_t *self, buffer_t *out, const ws_url_t *url, const char *origin)
{
    char key[KEY_BYTES];
    buffer_clear(&self->answer);
    self->refusal = (refusal_t){0};
    if (getrandom(key, sizeof key, 0) != sizeof key || lws_b64_encode_string(key, sizeof key, self->key, sizeof self->key) < 0)
        return false;
    buffer_printf(out, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", url->path,
                  url->authority);
    if (origin[0] != '\0')
        buffer_printf(out, "Origin: %s\r\n", origin);
    buffer_printf(out, "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n", self->key);
    return buffer_ok(out);
}

/* Takes up to and with the line's end; false when there is none. */
static bool take_line(text_t *text, text_t *line)
{
    const char *end = text->length ? memmem(text->at, text->length, "\r\n", 2) : NULL;
    if (!end)
        return false;
    *line = (text_t){text->at, (size_t)(end - text->at)};
    *text = (text_t){end + 2, text->length - line->length - 2};
    return true;
}

static bool is_named(text_t text, text_t name)
{
    return text.length == name.length && strncasecmp(text.at, name.at, name.length) == 0;
}

static text_t trim(text_t text)
{
    while (text.length > 0 && (*text.at == ' ' || *text.at == '\t'))
        text = (text_t){text.at + 1, text.length - 1};
    while (text.length > 0 && (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
        text.length--;
    return text;
}

static bool split(text_t line, text_t *name, text_t *value)
{
    const char *colon = line.length ? memchr(line.at, ':', line.length) : NULL;
    if (!colon)
        return false;
    *name = (text_t){line.at, (size_t)(colon - line.at)};
    *value = trim((text_t){colon + 1, line.length - name->length - 1});
    return true;
}

/* Is it among the words between commas? */
static bool lists(text_t list, text_t word)
{
    while (list.length > 0) {
        const char *comma = memchr(list.at, ',', list.length);
        size_t length = comma ? (size_t)(comma - list.at) : list.length;
        if (is_named(trim((text_t){list.at, length}), word))
            return true;
        length += comma != NULL;
        list = (text_t){list.at + length, list.length - length};
    }
    return false;
}

/* What the server must say to this key. */
static bool print_accept(const handshake_t *self, char accept[static ACCEPT_MAX])
{
    unsigned char text[HANDSHAKE_KEY_MAX + sizeof GUID], sum[SHA1_BYTES];
    size_t length = strlen(self->key);
    memcpy(text, self->key, length);
    memcpy(text + length, GUID, sizeof GUID - 1);
    lws_SHA1(text, length + sizeof GUID - 1, sum);
    return lws_b64_encode_string((const char *)sum, sizeof sum, accept, ACCEPT_MAX) > 0;
}

/* Reads another status than 101, and the headers that go with it. What is no HTTP stays status 0. */
static void read_refusal(handshake_t *self, text_t line, text_t headers)
{
    text_t name, value;
    uint64_t status;
    static const size_t version = sizeof "HTTP/1.1 " - 1, digits = 3;
    bool ends = line.length == version + digits || (line.length > version + digits && line.at[version + digits] == ' ');
    if (!text_starts_with(line, TEXT("HTTP/1.")) || !ends || !text_to_u64((text_t){line.at + version, digits}, &status) ||
        status < 100 || status == 101)
        return;
    self->refusal.status = (unsigned)status;
    while (take_line(&headers, &line) && split(line, &name, &value)) {
        if (is_named(name, TEXT("Retry-After")))
            self->refusal.retry_after = value;
        else if (is_named(name, TEXT("Date")))
            self->refusal.date = value;
    }
}

/* Nothing was asked for that could be chosen. */
static bool is_unasked(text_t name)
{
    return is_named(name, TEXT("Sec-WebSocket-Extensions")) || is_named(name, TEXT("Sec-WebSocket-Protocol"));
}

static bool accepted(handshake_t *self, text_t answer, text_t *wrong)
{
    char accept[ACCEPT_MAX];
    text_t line = TEXT(""), name, value;
    bool upgrade = false, connection = false, proof = false;
    if (!take_line(&answer, &line) || !text_starts_with(line, TEXT("HTTP/1.1 101")) || !print_accept(self, accept)) {
        read_refusal(self, line, answer);
        *wrong = line;
        return false;
    }
    while (take_line(&answer, &line) && line.length > 0) {
        if (!split(line, &name, &value) || is_unasked(name)) {
            *wrong = line;
            return false;
        }
        upgrade |= is_named(name, TEXT("Upgrade")) && lists(value, TEXT("websocket"));
        connection |= is_named(name, TEXT("Connection")) && lists(value, TEXT("upgrade"));
        proof |= is_named(name, TEXT("Sec-WebSocket-Accept")) && text_equal(value, text_of(accept));
    }
    *wrong = TEXT("a response that does not accept the WebSocket");
    return upgrade && connection && proof;
}

handshake_result_t handshake_take(handshake_t *self, text_t *input, text_t *wrong)
{
    size_t before = self->answer.length, from = before < 3 ? 0 : before - 3;
    buffer_append(&self->answer, *input);
    if (!buffer_ok(&self->answer)) {
        *wrong = TEXT("a response of more than 16 KiB");
        return HANDSHAKE_REFUSED;
    }
    text_t whole = buffer_text(&self->answer);
    const char *end = memmem(whole.at + from, whole.length - from, "\r\n\r\n", 4);
    if (!end) {
        *input = (text_t){input->at + input->length, 0};
        return HANDSHAKE_UNFINISHED;
    }
    size_t length = (size_t)(end - whole.at) + 4;
    *input = (text_t){input->at + (length - before), input->length - (length - before)};
    return accepted(self, (text_t){whole.at, length}, wrong) ? HANDSHAKE_DONE : HANDSHAKE_REFUSED;
}
