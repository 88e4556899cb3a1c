#include "gatewayd/rest/http_rates.h"

#include "gatewayd/rates/rates.h"
#include "gatewayd/rest/rest.h"
#include "gatewayd/rest/rest_answer.h"
#include "gatewayd/rest/sse_answer.h"

static uint64_t seconds(uint64_t ms)
{
    return (ms + 999) / 1000;
}

static void refuse_rest(const hub_t *hub, const cors_t *reading, http_connection_t *to, const http_request_t *request,
                        text_t path, uint64_t wait_s)
{
    rest_answer_t answer;
    text_t symbol;
    rest_answer_init(&answer, request);
    answer.route = rest_find(path, &symbol);
    answer.retry_s = wait_s;
    answer.status = rest_problem(&answer.body, 429, "Too many requests: come back after %llu s", (unsigned long long)wait_s);
    if (answer.route && rest_is_stream(answer.route) && sse_answer_browser(request)) {
        sse_answer_later(wait_s * 1000, &answer.body);
        answer.status = 200;
    }
    rest_answer_send(&answer, to, reading, hub->recent);
    buffer_release(&answer.body);
}

static void refuse_other(const cors_t *reading, http_connection_t *to, const http_request_t *request, uint64_t wait_s)
{
    buffer_t headers = buffer_new(0);
    buffer_printf(&headers, "Retry-After: %llu\r\nCache-Control: no-store\r\n", (unsigned long long)wait_s);
    cors_append(reading, http_request_field(request, "Origin"), &headers);
    http_answer(to, &(http_answer_t){.status = 429,
                                     .content_type = "application/json",
                                     .headers = buffer_text(&headers),
                                     .body = TEXT(HTTP_ERROR_BODY("too many requests"))});
    buffer_release(&headers);
}

void http_rates_refuse(const hub_t *hub, const cors_t *reading, http_connection_t *to, const http_request_t *request,
                       text_t path, uint64_t wait_ms)
{
    if (text_starts_with(path, TEXT(REST_PREFIX)))
        refuse_rest(hub, reading, to, request, path, seconds(wait_ms));
    else
        refuse_other(reading, to, request, seconds(wait_ms));
}

/* Becomes somebody a client by it? By a proxy's connection that is what connecting is elsewhere. */
static bool makes_client(const http_request_t *request, text_t path)
{
    return request->websocket || text_starts_with(path, TEXT(REST_PREFIX "v1/stream"));
}

bool http_rates_admit(const hub_t *hub, const cors_t *reading, http_connection_t *from, const http_request_t *request,
                      text_t path)
{
    char room[HTTP_PEER_MAX];
    uint64_t wait_ms = 0;
    if (!rates_limit(hub->rates) || text_equal(path, TEXT("/health")) || text_equal(path, TEXT("/ready")))
        return true;
    rate_asker_t asker = {.address = http_peer(from, room)};
    rate_verdict_t verdict = rates_ask(hub->rates, &asker, &wait_ms);
    if (verdict == RATE_ADMITTED && http_forwarded(from) && makes_client(request, path))
        verdict = rates_connect(hub->rates, asker.address, &wait_ms);
    if (verdict == RATE_ENDED)
        http_last(from);
    if (verdict != RATE_ADMITTED)
        http_rates_refuse(hub, reading, from, request, path, wait_ms);
    return verdict == RATE_ADMITTED;
}

uint32_t http_rates_wait_s(const hub_t *hub, const ip_address_t *peer, bool *close)
{
    char room[IP_ADDRESS_MAX];
    uint64_t wait_ms = 0;
    if (rates_limit(hub->rates))
        *close = rates_connect(hub->rates, ip_address_print(peer, room), &wait_ms) == RATE_ENDED;
    return (uint32_t)seconds(wait_ms);
}

void http_rates_answered(const hub_t *hub, http_connection_t *connection, size_t bytes)
{
    char room[HTTP_PEER_MAX];
    if (rates_limit(hub->rates))
        rates_answered(hub->rates, &(rate_asker_t){.address = http_peer(connection, room)}, bytes);
}
