#include "connectord/http/http_pages.h"

#include "common/http_client/http_url.h"
#include "common/json/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOUND_MAX = 80, NEXT_MAX = 4096, VALIDATOR_MAX = 1024 };

/* NULL when there is nothing to copy, or memory runs out, which costs an answer that need not have been told. */
static char *copy_of(text_t text)
{
    return text.length > 0 ? strndup(text.at, text.length) : NULL;
}

static void page_forget(http_page_t *self)
{
    free(self->url);
    free(self->etag);
    free(self->modified);
    free(self->next);
    *self = (http_page_t){0};
}

/* With a NUL behind it that is not counted. */
static bool set_text(buffer_t *out, text_t text)
{
    buffer_clear(out);
    buffer_append(out, text);
    buffer_append(out, (text_t){"", 1});
    if (!buffer_ok(out))
        return false;
    out->length--;
    return true;
}

static bool set_parameter(buffer_t *out, text_t url, text_t name, text_t value)
{
    buffer_clear(out);
    http_url_set_parameter(url, name, value, out);
    buffer_append(out, (text_t){"", 1});
    if (!buffer_ok(out))
        return false;
    out->length--;
    return true;
}

bool http_pages_init(http_pages_t *self, const http_protocol_t *protocol, text_t base)
{
    *self = (http_pages_t){.protocol = protocol, .base = buffer_new(0), .first = buffer_new(0), .url = buffer_new(0)};
    self->pages = calloc(protocol->pages, sizeof *self->pages);
    return self->pages && set_text(&self->base, base) && http_pages_first(self, TEXT(""));
}

void http_pages_release(http_pages_t *self)
{
    if (self->pages)
        http_pages_forget_all(self);
    free(self->pages);
    self->pages = NULL;
    buffer_release(&self->base);
    buffer_release(&self->first);
    buffer_release(&self->url);
}

bool http_pages_first(http_pages_t *self, text_t since)
{
    text_t base = buffer_text(&self->base), parameter = self->protocol->since_parameter;
    self->page = 0;
    return (since.length > 0 ? set_parameter(&self->first, base, parameter, since) : set_text(&self->first, base)) &&
           set_text(&self->url, buffer_text(&self->first));
}

const char *http_pages_url(const http_pages_t *self)
{
    return self->url.bytes;
}

static const http_page_t *known_page(const http_pages_t *self)
{
    static const http_page_t unknown;
    const http_page_t *page = &self->pages[self->page];
    return page->url && strcmp(page->url, self->url.bytes) == 0 ? page : &unknown;
}

text_t http_pages_etag(const http_pages_t *self)
{
    const char *etag = known_page(self)->etag;
    return etag ? text_of(etag) : (text_t){"", 0};
}

text_t http_pages_modified(const http_pages_t *self)
{
    const char *modified = known_page(self)->modified;
    return modified ? text_of(modified) : (text_t){"", 0};
}

/* --- the next page --- */

static http_pages_result_t bad(const http_pages_t *self, char *error, const char *what, text_t found)
{
    const http_protocol_t *protocol = self->protocol;
    snprintf(error, HTTP_PAGES_ERROR_MAX, "next (%.*s): %s%.*s", TEXT_ARG(text_cut(protocol->next, FOUND_MAX)), what,
             TEXT_ARG(text_cut(found, FOUND_MAX)));
    return HTTP_PAGES_BAD;
}

/* Where a cursor or a URL leads to, into `url`. */
static http_pages_result_t resolve(http_pages_t *self, text_t next, buffer_t *url, char *error)
{
    const http_protocol_t *protocol = self->protocol;
    if (protocol->cursor.length > 0) {
        if (!set_parameter(url, buffer_text(&self->first), protocol->cursor, next))
            return bad(self, error, "out of memory", TEXT(""));
    } else if (!http_url_resolve(self->url.bytes, next, url)) {
        return bad(self, error, "expected a URL, found ", next);
    } else if (!http_url_same_origin(self->first.bytes, url->bytes)) { /* the headers may be secrets */
        char host[HTTP_URL_HOST_MAX];
        http_url_print_host(url->bytes, host);
        return bad(self, error, "expected a URL of the same scheme and host, found one of ", text_of(host));
    }
    if (text_equal(buffer_text(url), buffer_text(&self->url)))
        return bad(self, error, "expected another page, found the same again", TEXT(""));
    return HTTP_PAGES_MORE;
}

/* Null, false, nothing and an empty text all mean the end. */
static http_pages_result_t find_next(http_pages_t *self, text_t json, buffer_t *url, char *error)
{
    text_t found[POINTERS_MAX] = {{0}}, next;
    char room[NEXT_MAX];
    unsigned twice;
    if (json.length == 0 || self->protocol->next.length == 0)
        return HTTP_PAGES_END;
    if (pointers_find(&self->protocol->next_places, json, found, &twice) == POINTERS_TWICE)
        return bad(self, error, "expected once, found twice", TEXT(""));
    switch (json_kind(found[0])) {
    case JSON_NUMBER:
        next = found[0];
        break;
    case JSON_STRING:
        if (found[0].length > sizeof room)
            return bad(self, error, "expected at most 4 KiB, found more", TEXT(""));
        json_string(found[0], room, &next);
        break;
    case JSON_NONE:
    case JSON_NULL:
    case JSON_FALSE:
        return HTTP_PAGES_END;
    default:
        return bad(self, error, "expected a text, found ", found[0]);
    }
    return next.length > 0 ? resolve(self, next, url, error) : HTTP_PAGES_END;
}

/* Goes on to the page behind this one, if there is one and it may be asked. */
static http_pages_result_t go_on(http_pages_t *self, text_t next)
{
    if (next.length == 0)
        return HTTP_PAGES_END;
    if (self->page + 1 == self->protocol->pages)
        return HTTP_PAGES_CUT;
    if (!set_text(&self->url, next))
        return HTTP_PAGES_END;
    self->page++;
    return HTTP_PAGES_MORE;
}

http_pages_result_t http_pages_read(http_pages_t *self, text_t json, text_t etag, text_t modified,
                                    char error[static HTTP_PAGES_ERROR_MAX])
{
    http_page_t *page = &self->pages[self->page];
    buffer_t next = buffer_new(0);
    http_pages_result_t result = find_next(self, json, &next, error);
    page_forget(page);
    if (result != HTTP_PAGES_BAD) {
        text_t url = result == HTTP_PAGES_MORE ? buffer_text(&next) : (text_t){"", 0};
        bool useful = etag.length <= VALIDATOR_MAX && modified.length <= VALIDATOR_MAX && etag.length + modified.length > 0;
        if (useful)
            *page = (http_page_t){copy_of(buffer_text(&self->url)), copy_of(etag), copy_of(modified), copy_of(url)};
        result = go_on(self, url);
    }
    buffer_release(&next);
    return result;
}

http_pages_result_t http_pages_unchanged(http_pages_t *self)
{
    const char *next = known_page(self)->next;
    return go_on(self, next ? text_of(next) : (text_t){"", 0});
}

void http_pages_forget(http_pages_t *self)
{
    page_forget(&self->pages[self->page]);
}

void http_pages_forget_all(http_pages_t *self)
{
    for (size_t i = 0; i < self->protocol->pages; i++)
        page_forget(&self->pages[i]);
}
