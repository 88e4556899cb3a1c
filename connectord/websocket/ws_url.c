#include "connectord/websocket/ws_url.h"

#include <ctype.h>
#include <stdio.h>

static bool take(text_t *text, text_t prefix)
{
    if (!text_starts_with(*text, prefix))
        return false;
    text->at += prefix.length;
    text->length -= prefix.length;
    return true;
}

/* Cuts off and returns all before the first character of `stops`, or all of it. */
static text_t take_until(text_t *text, const char *stops)
{
    size_t n = 0;
    while (n < text->length && !strchr(stops, text->at[n]))
        n++;
    text_t head = {text->at, n};
    *text = (text_t){text->at + n, text->length - n};
    return head;
}

static bool all_of(text_t text, const char *extra)
{
    for (size_t i = 0; i < text.length; i++)
        if (!isalnum((unsigned char)text.at[i]) && (text.at[i] == '\0' || !strchr(extra, text.at[i])))
            return false;
    return text.length > 0;
}

static bool parse_host(text_t *rest, ws_url_t *url, bool *bracketed)
{
    *bracketed = take(rest, TEXT("["));
    text_t host = take_until(rest, *bracketed ? "]" : ":/?");
    if (!all_of(host, *bracketed ? ":.%" : ".-_") || host.length > URL_HOST_MAX)
        return false;
    memcpy(url->host, host.at, host.length);
    url->host[host.length] = '\0';
    return !*bracketed || take(rest, TEXT("]"));
}

static bool parse_port(text_t *rest, ws_url_t *url)
{
    url->port = url->tls ? 443 : 80;
    if (!take(rest, TEXT(":")))
        return true;
    uint64_t port;
    if (!text_to_u64(take_until(rest, "/?"), &port) || port < 1 || port > 65535)
        return false;
    url->port = (uint16_t)port;
    return true;
}

static bool parse_path(text_t rest, ws_url_t *url)
{
    for (size_t i = 0; i < rest.length; i++)
        if (rest.at[i] <= ' ' || rest.at[i] > '~' || rest.at[i] == '#')
            return false;
    bool slash = rest.length > 0 && rest.at[0] == '/';
    if ((rest.length > 0 && !slash && rest.at[0] != '?') || rest.length + !slash > URL_PATH_MAX)
        return false;
    snprintf(url->path, sizeof url->path, "%s%.*s", slash ? "" : "/", TEXT_ARG(rest));
    return true;
}

bool ws_url_parse(text_t text, ws_url_t *url, const char **wrong)
{
    text_t rest = text;
    bool bracketed;
    url->tls = take(&rest, TEXT("wss://"));
    if (!url->tls && !take(&rest, TEXT("ws://"))) {
        *wrong = "expected ws:// or wss://";
        return false;
    }
    if (!parse_host(&rest, url, &bracketed)) {
        *wrong = "expected a host name or address";
        return false;
    }
    if (!parse_port(&rest, url)) {
        *wrong = "expected a port from 1 to 65535";
        return false;
    }
    if (!parse_path(rest, url)) {
        *wrong = "expected a path of printable ASCII without a fragment";
        return false;
    }
    char port[8] = "";
    if (url->port != (url->tls ? 443 : 80))
        snprintf(port, sizeof port, ":%u", url->port);
    snprintf(url->authority, sizeof url->authority, "%s%s%s%s", bracketed ? "[" : "", url->host, bracketed ? "]" : "", port);
    return true;
}
