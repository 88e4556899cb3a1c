/* The inside of a feed (feed.h), for the files that make it up. */
#pragma once

#include "common/table.h"
#include "connectord/health/oddities.h"
#include "connectord/journal/dedup.h"
#include "connectord/sources/feed_shared.h"
#include "connectord/sources/line_progress.h"
#include "proto/record.h"

/* One subject's way through connectord. */
typedef struct {
    feed_t *feed;
    char symbol_text[SUBJECT_MAX];
    text_t symbol;
    bool offered;    /* while the symbols change: by the new ones, too */
    bool came;       /* it is in no list of symbols: its channel takes every key */
    bool remembered; /* its last trades are in the window */
    journal_stream_t *stream;
    dedup_t *dedup;
    line_progress_t progress;
} feed_route_t;

struct feed {
    const feed_shared_t *shared;
    redundant_lines_t *lines;
    group_member_t *member; /* NULL: it is in no group */
    uint64_t saved;         /* trades journaled while not all lines were connected */
    unjournaled_t unjournaled;
    oddities_t oddities;
    feed_route_t **routes; /* owned, one for every symbol that the source offers */
    size_t count, room;
    size_t known; /* of them are remembered, the first ones */
    table_t *by_symbol;
    buffer_t symbols, former, channels; /* of the status that was made last */
};

/* Is another source of its group active? */
bool feed_stands_by(const feed_t *self);

/* --- feed_routes.c --- */

/* A route for each subject of the settings that has none yet; and for those of the journal that may come again. The first is false without memory, or where the
 * journal has no room. */
bool feed_routes_add(feed_t *self, const source_config_t *settings);
void feed_routes_add_known(feed_t *self);

/* Offers those from this number on to demand: whoever wants one already is heard at once. */
bool feed_routes_offer(feed_t *self, size_t from);

/* Drops those of subjects that the source does not offer. */
void feed_routes_drop(feed_t *self);

/* NULL: the source does not offer the subject, or there can't be more. One that may come is made when it does. */
feed_route_t *feed_route_for(feed_t *self, text_t subject);
bool feed_may_come(const feed_t *self, text_t subject);

void feed_route_destroy(feed_route_t *route);
