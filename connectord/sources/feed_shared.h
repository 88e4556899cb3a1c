/* What all feeds (feed.h) work with. */
#pragma once

#include "connectord/backfill/rest_hosts.h"
#include "connectord/journal/backpressure.h"
#include "connectord/journal/journal.h"
#include "connectord/lines/redundant_lines.h"
#include "connectord/overlay/overlay.h"
#include "connectord/publish/demand.h"
#include "connectord/publish/publisher.h"
#include "connectord/sources/groups.h"

typedef struct feed feed_t;

/* What feeds share; outlives them. */
typedef struct {
    loop_t *loop;
    web_t *web;
    journal_t *journal;
    const char *journal_path;
    overlay_t *overlay; /* over the configuration's symbols */
    backpressure_t *backpressure;
    publisher_t *publisher;
    demand_t *demand;
    groups_t *groups;
    rest_hosts_t *rest_hosts;
    uint32_t health; /* a source of a group below this (health.h) is replaced */
    uint64_t run;    /* identifies this process in its statuses */
} feed_shared_t;
