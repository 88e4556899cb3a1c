/* The simulator's HTTP, on libwebsockets: one request a connection, answered by control.h. */
#pragma once

#include "tests/simulator/exchange.h"

struct lws;

/* A request's headers are here. This and the following return what libwebsockets' callback is to return. */
int http_request(struct lws *wsi, sim_exchange_t *exchange, const char *path);
int http_body(struct lws *wsi, const char *bytes, size_t length);
int http_body_complete(struct lws *wsi);
int http_due(struct lws *wsi); /* the time of a reply that was held back */
int http_writable(struct lws *wsi);
void http_closed(struct lws *wsi);

/* Replies to an attempt to upgrade. status: "403 Forbidden"; headers: whole lines, or "" */
int http_refuse(struct lws *wsi, const char *status, const char *headers, const char *text);
