#include "common/http_client/http_url.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <strings.h>

enum { REFERENCE_MAX = 8192, PART_MAX = 256 };

/* NULL: it is not a URL. */
static CURLU *parse(const char *url)
{
    CURLU *parsed = curl_url();
    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK)
        return parsed;
    curl_url_cleanup(parsed);
    return NULL;
}

/* A part as text; empty: absent, or too long. */
static void part_of(CURLU *url, CURLUPart part, char out[static PART_MAX])
{
    char *text = NULL;
    out[0] = '\0';
    if (url && curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK && strlen(text) < PART_MAX)
        snprintf(out, PART_MAX, "%s", text);
    curl_free(text);
}

static bool is_web(CURLU *url)
{
    char scheme[PART_MAX];
    part_of(url, CURLUPART_SCHEME, scheme);
    return strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
}

bool http_url_valid(const char *url, const char **wrong)
{
    CURLU *parsed = parse(url);
    char host[PART_MAX];
    part_of(parsed, CURLUPART_HOST, host);
    bool web = is_web(parsed);
    curl_url_cleanup(parsed);
    *wrong = !web ? "expected http:// or https://" : "expected a host";
    return web && host[0] != '\0';
}

void http_url_print_host(const char *url, char out[static HTTP_URL_HOST_MAX])
{
    CURLU *parsed = parse(url);
    char host[PART_MAX], port[PART_MAX];
    part_of(parsed, CURLUPART_HOST, host);
    part_of(parsed, CURLUPART_PORT, port);
    snprintf(out, HTTP_URL_HOST_MAX, "%s%s%.5s", host[0] != '\0' ? host : "?", port[0] != '\0' ? ":" : "", port);
    curl_url_cleanup(parsed);
}

bool http_url_is_https(const char *url)
{
    return strncasecmp(url, "https:", 6) == 0;
}

static bool same_part(CURLU *one, CURLU *other, CURLUPart part)
{
    char a[PART_MAX], b[PART_MAX];
    part_of(one, part, a);
    part_of(other, part, b);
    return a[0] != '\0' && strcasecmp(a, b) == 0;
}

bool http_url_same_origin(const char *one, const char *other)
{
    CURLU *a = parse(one), *b = parse(other);
    bool same =
        a && b && same_part(a, b, CURLUPART_SCHEME) && same_part(a, b, CURLUPART_HOST) && same_part(a, b, CURLUPART_PORT);
    curl_url_cleanup(a);
    curl_url_cleanup(b);
    return same;
}

static bool is_visible(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] <= ' ' || text.at[i] == '\x7f')
            return false;
    return text.length > 0;
}

bool http_url_resolve(const char *base, text_t reference, buffer_t *out)
{
    char copy[REFERENCE_MAX], *whole = NULL;
    CURLU *parsed = parse(base);
    bool ok = parsed && reference.length < sizeof copy && is_visible(reference);
    if (ok) {
        memcpy(copy, reference.at, reference.length);
        copy[reference.length] = '\0';
        ok = curl_url_set(parsed, CURLUPART_URL, copy, CURLU_DISALLOW_USER) == CURLUE_OK && is_web(parsed) &&
             curl_url_set(parsed, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
             curl_url_get(parsed, CURLUPART_URL, &whole, 0) == CURLUE_OK;
    }
    if (ok) {
        buffer_append(out, (text_t){whole, strlen(whole) + 1});
        ok = buffer_ok(out);
        out->length -= ok;
    }
    curl_free(whole);
    curl_url_cleanup(parsed);
    return ok;
}

void http_url_append_escaped(text_t text, buffer_t *out)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte < 0x80 && (isalnum(byte) || byte == '-' || byte == '.' || byte == '_' || byte == '~'))
            buffer_append(out, (text_t){text.at + i, 1});
        else
            buffer_printf(out, "%%%02X", byte);
    }
}

/* "name=…", or the name alone. */
static bool is_parameter(text_t part, text_t name)
{
    return text_starts_with(part, name) && (part.length == name.length || part.at[name.length] == '=');
}

void http_url_set_parameter(text_t url, text_t name, text_t value, buffer_t *out)
{
    const char *hash = url.length > 0 ? memchr(url.at, '#', url.length) : NULL;
    if (hash)
        url.length = (size_t)(hash - url.at);
    const char *mark = url.length > 0 ? memchr(url.at, '?', url.length) : NULL;
    text_t rest = mark ? (text_t){mark + 1, url.length - (size_t)(mark + 1 - url.at)} : (text_t){"", 0};
    buffer_append(out, mark ? (text_t){url.at, (size_t)(mark - url.at)} : url);
    text_t separator = TEXT("?");
    while (rest.length > 0) {
        const char *end = memchr(rest.at, '&', rest.length);
        text_t part = {rest.at, end ? (size_t)(end - rest.at) : rest.length};
        size_t taken = part.length + (end != NULL);
        rest = (text_t){rest.at + taken, rest.length - taken};
        if (part.length == 0 || is_parameter(part, name))
            continue;
        buffer_append(out, separator);
        buffer_append(out, part);
        separator = TEXT("&");
    }
    buffer_append(out, separator);
    buffer_append(out, name);
    buffer_append(out, TEXT("="));
    http_url_append_escaped(value, out);
}
