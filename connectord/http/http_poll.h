/* What is asked again and again: a URL, of one symbol or of all of them, with the pages behind it.
 *
 *     due ──ask──▶ asked ──answer──▶ giving ──all is given on──▶ due: the next page, or every_ms after it began
 */
#pragma once

#include "common/http_client/http_client.h"
#include "common/table.h"
#include "connectord/http/http_pages.h"
#include "connectord/http/record_queue.h"
#include "proto/topic.h"

typedef enum { HTTP_POLL_DUE, HTTP_POLL_ASKED, HTTP_POLL_GIVING } http_poll_state_t;

typedef struct {
    void *owner;
    char symbol_text[SUBJECT_MAX];
    text_t symbol; /* a subject (topic.h); empty: of all */
    http_poll_state_t state;
    int64_t due_ns; /* when the page is to be asked: of clock_mono_ns, as the next */
    bool begun;     /* the first page has been asked */
    int64_t began_ns;
    http_pages_t pages;
    http_transfer_t *transfer; /* while it is asked */
    record_queue_t queue;
    bool told;      /* something came since it was answered whole */
    bool more;      /* there is another page behind what is given on */
    bool met_known; /* in this poll there was a record that came before */
    bool at_once;   /* what follows need not wait: there is more of it than was asked for */
} http_poll_t;

/* What its records are of: one subject, or (empty) any. */
static inline text_t http_poll_scope(const http_poll_t *self)
{
    return subject_is_any(self->symbol) ? (text_t){"", 0} : self->symbol;
}

/* Those of a source, by symbol. */
typedef struct {
    table_t *by_symbol; /* owned */
} http_polls_t;

bool http_polls_init(http_polls_t *self);
void http_polls_release(http_polls_t *self);

/* Ends what is asked. */
void http_polls_clear(http_polls_t *self);

/* One that is due now, at a URL that is copied. NULL when memory runs out. */
http_poll_t *http_polls_add(http_polls_t *self, void *owner, text_t symbol, const http_protocol_t *protocol, text_t url);
void http_polls_remove(http_polls_t *self, http_poll_t *poll);
http_poll_t *http_polls_find(const http_polls_t *self, text_t symbol);

/* The one that is due first; NULL: none is. One that has something to give; NULL: none has. How many are being asked. */
http_poll_t *http_polls_next(const http_polls_t *self);
http_poll_t *http_polls_giving(const http_polls_t *self);
size_t http_polls_asked(const http_polls_t *self);
