/* How often one may ask over HTTP (rates.h), and what whoever asks too often is told. */
#pragma once

#include "common/http/http_server.h"
#include "gatewayd/admission/cors.h"
#include "gatewayd/clients/hub.h"

/* May this be asked? Else it has been answered with 429. path: decoded. /health and /ready may always be asked: they are for what watches the gateway. */
bool http_rates_admit(const hub_t *hub, const cors_t *reading, http_connection_t *from, const http_request_t *request,
                      text_t path);

/* Answers with 429: it may be asked again after so long. An EventSource is told so by an event, since a 429 would end it for good. */
void http_rates_refuse(const hub_t *hub, const cors_t *reading, http_connection_t *to, const http_request_t *request,
                       text_t path, uint64_t wait_ms);

/* May one connection more come from there? As http_wait_fn. */
uint32_t http_rates_wait_s(const hub_t *hub, const ip_address_t *peer, bool *close);

/* As http_config_t.answered. */
void http_rates_answered(const hub_t *hub, http_connection_t *connection, size_t bytes);
