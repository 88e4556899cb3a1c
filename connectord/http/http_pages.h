/* Which URL of a source is asked next: the first page, with what was had already, and the pages behind it; and what the
 * server is told about those that it told before (ETag, Last-Modified), so that it need not tell them again.
 *
 *     first ──▶ url, conditions ──200──▶ read ──────┬──▶ HTTP_PAGES_MORE: the same again
 *                               ──304──▶ unchanged ─┴──▶ HTTP_PAGES_END
 */
#pragma once

#include "connectord/mapping/http_protocol.h"

enum { HTTP_PAGES_ERROR_MAX = 320 };

typedef enum {
    HTTP_PAGES_END,
    HTTP_PAGES_MORE,
    HTTP_PAGES_CUT, /* there are more, but no more than `pages` are asked */
    HTTP_PAGES_BAD  /* what should lead to the next page doesn't */
} http_pages_result_t;

/* A page as it was told last. */
typedef struct {
    char *url, *etag, *modified; /* owned; NULL or empty: nothing is known */
    char *next;                  /* owned: the URL of the next page; NULL on the last one */
} http_page_t;

typedef struct {
    const http_protocol_t *protocol;
    buffer_t base;      /* the URL without what was had */
    buffer_t first;     /* … with it */
    buffer_t url;       /* of the page that is asked */
    http_page_t *pages; /* owned, protocol->pages of them */
    size_t page;        /* the number of the page that is asked */
} http_pages_t;

/* base: the source's URL, which is copied. False when memory runs out; http_pages_release after both. */
bool http_pages_init(http_pages_t *self, const http_protocol_t *protocol, text_t base);
void http_pages_release(http_pages_t *self);

/* Begins with the first page again. since: what was had last, for the parameter; empty: nothing. False when memory runs
 * out. */
bool http_pages_first(http_pages_t *self, text_t since);

/* The URL of the page that is to be asked, and what it may be compared with there; empty: nothing. */
const char *http_pages_url(const http_pages_t *self);
text_t http_pages_etag(const http_pages_t *self);
text_t http_pages_modified(const http_pages_t *self);

/* The page was told: its body, if that is JSON, and what it is known by. HTTP_PAGES_BAD with what was expected and found.
 * */
http_pages_result_t http_pages_read(http_pages_t *self, text_t json, text_t etag, text_t modified,
                                    char error[static HTTP_PAGES_ERROR_MAX]);

/* The page is as it was. */
http_pages_result_t http_pages_unchanged(http_pages_t *self);

/* The page, or all of them, are to be told again whatever they were. */
void http_pages_forget(http_pages_t *self);
void http_pages_forget_all(http_pages_t *self);
