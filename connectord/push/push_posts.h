/* What is posted to a source, from the head of each POST to its answer.
 *
 *     push_posts_take ──body is there──▶ its records are read, some in each turn of the loop ──all is journaled──▶ answered
 *
 * Where the journal takes nothing, nothing is kept for it: the POST is refused, and its sender has it still.
 */
#pragma once

#include "common/list.h"
#include "connectord/connectors/connector.h"
#include "connectord/mapping/mapping.h"
#include "connectord/push/push_request.h"

enum { PUSH_POSTS_MAX = 64 /* under way at one time */, PUSH_RETRY_MS = 1000 /* after which who was refused may come again */ };

/* Those of one source. What it points to outlives it. */
typedef struct {
    const source_config_t *config;
    const connector_events_t *events;
    void *arg;
    mapping_t *mapping;
    bool open;   /* events may be told */
    list_t list; /* push_post_t.in_posts */
    size_t count;
} push_posts_t;

void push_posts_init(push_posts_t *self, const source_config_t *config, const connector_events_t *events, void *arg);

/* Has the body of a good request come (http_receive). False: the refusal says why it can't be now. */
bool push_posts_take(push_posts_t *self, http_connection_t *from, const http_request_t *request, push_form_t form,
                     push_refusal_t *refusal);

/* Refuses all. The one whose record is being read refuses itself when that is done. */
void push_posts_end(push_posts_t *self);
