/* The REST interface over HTTP: the boundary between libwebsockets and rest.h. For boundary files.
 *
 * A request that waits for history holds its connection; lws keeps what the peer sends behind it until it is answered.
 */
#pragma once

#include "gatewayd/cors.h"
#include "gatewayd/sse.h"
#include "gatewayd/ws.h"

struct lws;

enum { API_CALLS_MAX = 256 /* requests that wait at one time; more are told to come back */ };

typedef struct api api_t;

/* A request under way. */
typedef struct api_call api_call_t;

/* ws: knows how many clients there may be. cors: its origins outlive it. NULL when memory runs out. */
api_t *api_new(hub_t *hub, ws_t *ws, const cors_t *cors);

/* When all connections have closed. */
void api_destroy(api_t **self);

/* Answers 200 with a JSON body and what cors says; an empty one answers a preflight, for these methods. Returns as http_answer. */
int api_answer_open(api_t *self, struct lws *wsi, const char *methods, text_t json);

/* The events of a connection whose path begins with REST_PREFIX; what they return is for libwebsockets. *call: NULL at first; set
 * while the answer is to come. *stream: the same, set when
 * the answer is a stream. */
int api_on_request(api_t *self, struct lws *wsi, text_t path, api_call_t **call, sse_t **stream);
int api_on_writable(api_call_t **call);
void api_on_close(api_call_t **call);
