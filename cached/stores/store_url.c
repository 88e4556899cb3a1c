#include "cached/stores/store_url.h"

#include "common/buffer.h"
#include "common/config/text_format.h"

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* In place. A %00 would end the text early. */
static bool decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        int high = hex(from[1]), low = high < 0 ? -1 : hex(from[2]);
        if (low < 0 || high + low == 0)
            return false;
        *to++ = (char)(high * 16 + low);
        from += 2;
    }
    *to = '\0';
    return true;
}

/* Ends the text at `mark` and returns what is behind it; "" without one. */
static char *cut(char *text, char *mark)
{
    if (!mark)
        return text + strlen(text);
    *mark = '\0';
    return mark + 1;
}

static const char *parse_host(store_url_t *self, char *host)
{
    char *bracket = *host == '[' ? strchr(host, ']') : NULL;
    const char *port = cut(host, strchr(bracket ? bracket : host, ':'));
    uint64_t number = 0;
    if (*port && (!text_to_u64(text_of(port), &number) || number == 0 || number > UINT16_MAX))
        return "expected a port from 1 to 65535";
    if (bracket) {
        *bracket = '\0';
        host++;
    }
    self->host = host;
    self->port = (uint16_t)number;
    return decode(host) ? NULL : "expected two hexadecimal digits behind a '%'";
}

static char *copy_behind_scheme(store_url_t *self, const char *url, const char *mark)
{
    const char *rest = strstr(url, mark);
    if (!rest || strlen(rest) >= sizeof self->bytes)
        return NULL;
    self->user = self->password = self->host = self->path = self->query = "";
    self->port = 0;
    return memcpy(self->bytes, rest + strlen(mark), strlen(rest + strlen(mark)) + 1);
}

const char *store_url_parse(store_url_t *self, const char *url)
{
    char *rest = copy_behind_scheme(self, url, "://");
    if (!rest)
        return "expected SCHEME://HOST, at most 4095 bytes";
    /* The last '@' before the path: a password may have been written with one that is not encoded. */
    char *query = cut(rest, strchr(rest, '?'));
    char *at_sign = strrchr(rest, '@');
    char *host = at_sign ? cut(rest, at_sign) : rest;
    char *path = cut(host, strchr(host, '/'));
    char *user = at_sign ? rest : path + strlen(path);
    char *password = cut(user, strchr(user, ':'));
    if (!decode(user) || !decode(password) || !decode(path))
        return "expected two hexadecimal digits behind a '%'";
    self->user = user;
    self->password = password;
    self->path = path;
    self->query = query;
    return parse_host(self, host);
}

const char *store_url_parse_path(store_url_t *self, const char *url)
{
    char *path = copy_behind_scheme(self, url, ":///");
    if (!path || !*path)
        return "expected SCHEME:///PATH, at most 4095 bytes";
    self->path = path;
    return decode(path) ? NULL : "expected two hexadecimal digits behind a '%'";
}

bool store_url_number(const store_url_t *self, const char *name, uint64_t *value)
{
    size_t length = strlen(name);
    for (const char *at = self->query; *at; at += *at == '&') {
        text_t part = {at, strcspn(at, "&")};
        at += part.length;
        if (text_starts_with(part, text_of(name)) && part.length > length && part.at[length] == '=')
            return text_to_u64((text_t){part.at + length + 1, part.length - length - 1}, value);
    }
    return true;
}

void store_url_shown(const char *url, char *shown, size_t size)
{
    buffer_t text = buffer_new(0);
    text_format_append_masked(FORMAT_STORE, text_of(url), &text);
    size_t length = !buffer_ok(&text) ? 0 : text.length < size ? text.length : size - 1;
    if (length > 0)
        memcpy(shown, text.bytes, length);
    shown[length] = '\0';
    buffer_release(&text);
}
