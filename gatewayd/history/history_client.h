/* Asks the history service, and where that lacks something the journals' replay, for what the rings no longer have. */
#pragma once

#include "common/bus/requester.h"
#include "proto/request.h"

/* How long one asks again for what neither history nor a journal can tell. */
enum {
    HISTORY_PATIENCE_MS = 10000, /* a killed service is back by then */
    HISTORY_RETRY_MS = 50
};

/* A service that answers requests, as requester.h does; tests put their own in its place. */
typedef struct {
    uint64_t (*send)(void *service, text_t request, requester_fn *done, void *arg); /* 0: it takes none now */
    void (*cancel)(void *service, uint64_t handle);
    size_t (*endpoints)(const void *service);
    uint64_t (*send_to)(void *service, size_t endpoint, text_t request, uint32_t limit_ms, requester_fn *done, void *arg);
} history_service_t;

/* Those of requester.h. */
extern const history_service_t history_requester;

typedef struct history_client history_client_t;

/* A pending query. */
typedef struct history_call history_call_t;

/* history: the service for all queries. replays: one for each connectord, which have ranges of their own streams. All outlive
 * the client. NULL when memory runs out. */
history_client_t *history_client_new(const history_service_t *service, void *history, void *const *replays,
                                     size_t replay_count);

/* Calls no one from now on. */
void history_client_destroy(history_client_t **self);

typedef enum {
    RANGE_UNKNOWN, /* nobody answered, or only history, which lacks what comes first: a journal may have that; ask again */
    RANGE_OPEN,    /* what the page lacks at its end may come later */
    RANGE_FINAL    /* the journal itself answered: what the page lacks is gone */
} range_certainty_t;

/* page: empty (trades of length 0) if nobody answered. Valid during the call; the call is over, and new ones may be made from
 * within. */
typedef void history_range_fn(void *arg, range_certainty_t certainty, const range_answer_t *page);

/* The trades [from, to] of a stream, at most `count`, oldest first. History is asked first; if it lacks some, the replays.
 * NULL when nobody can be asked now; else `done` follows, from the loop. */
history_call_t *history_range(history_client_t *self, text_t topic, cursor_t from, cursor_t to, uint64_t count,
                              history_range_fn *done, void *arg);

/* Any request of history.md to history: as requester_send. NULL when it can't be asked now. */
history_call_t *history_ask(history_client_t *self, text_t request, requester_fn *done, void *arg);

/* The number of history servers, each of which has everything. */
size_t history_count(const history_client_t *self);

/* The same to the one of this number only, once, with limit_ms to answer: as requester_send_to. */
history_call_t *history_ask_one(history_client_t *self, size_t number, text_t request, uint32_t limit_ms, requester_fn *done,
                                void *arg);

/* The number of replays, one for each connectord; and a request of replay.md to the one of this number, as history_ask_one. */
size_t history_replays(const history_client_t *self);
history_call_t *history_ask_replay(history_client_t *self, size_t number, text_t request, uint32_t limit_ms, requester_fn *done,
                                   void *arg);

/* `done` will not be called. *call may be NULL. */
void history_cancel(history_call_t **call);

/* Asks history for a sign of life; call it every second or so. And whether the last one was answered. */
void history_probe(history_client_t *self);
bool history_alive(const history_client_t *self);
