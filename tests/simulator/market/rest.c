#include "tests/simulator/market/rest.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tests/simulator/exchange.h"

enum { TARGET_BYTES = 512, HUGE_BYTES = 8 * 1024 * 1024 };

static const char html[] =
    "<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head><body>Checking your browser.</body></html>\n";

/* "path":"/0/public/Trades?pair=XBTUSD" */
static void write_target(text_writer_t *out, const control_request_t *request)
{
    char target[TARGET_BYTES];
    int length = snprintf(target, sizeof target, "%s", request->path);
    for (size_t i = 0; i < request->parameter_count && length < TARGET_BYTES; i++)
        length += snprintf(target + length, sizeof target - (size_t)length, "%s%s=%s", i > 0 ? "&" : "?",
                           request->parameters[i].name, request->parameters[i].value);
    writer_text(out, "\"path\":");
    writer_quoted(out, target, TARGET_BYTES);
}

static void note_fault(const sim_rest_call_t *call, rest_fault_kind_t fault)
{
    char details[LEDGER_DETAILS_MAX];
    text_writer_t out = writer_on(details, sizeof details);
    writer_text(&out, "\"kind\":\"rest-");
    writer_text(&out, rest_fault_name(fault));
    writer_text(&out, "\",");
    write_target(&out, call->request);
    ledger_event(exchange_ledger(call->exchange), "fault", 0, writer_string(&out));
}

/* --- for personalities ------------------------------------------------------------------------------------------- */

const char *rest_text(const sim_rest_call_t *call, const char *name)
{
    for (size_t i = 0; i < call->request->parameter_count; i++)
        if (strcmp(call->request->parameters[i].name, name) == 0)
            return call->request->parameters[i].value;
    return NULL;
}

uint64_t rest_whole(const sim_rest_call_t *call, const char *name, uint64_t least, uint64_t most, uint64_t fallback)
{
    const char *text = rest_text(call, name);
    if (!text || *text < '0' || *text > '9')
        return fallback;
    const uint64_t value = strtoull(text, NULL, 10);
    return value < least ? least : value > most ? most : value;
}

/* A fault of pages, if one is due and the page has trades. */
static rest_fault_kind_t take_page_fault(sim_rest_call_t *call, const sim_page_t *page)
{
    return page->count > 0 ? rest_fault_take(exchange_rest_fault(call->exchange), true) : REST_GOOD;
}

static sim_page_t *serve_page(sim_rest_call_t *call, sim_page_t *page, rest_fault_kind_t fault)
{
    page_spoil(page, fault, exchange_random(call->exchange));
    if (call->empty)
        page->count = 0;
    call->trades = page->count;
    if (fault != REST_GOOD)
        note_fault(call, fault);
    return page;
}

sim_page_t *rest_page_from(sim_rest_call_t *call, size_t symbol, uint64_t id, size_t most)
{
    const sim_market_t *market = exchange_market(call->exchange);
    sim_page_t *page = malloc(sizeof *page);
    if (!page)
        return NULL;
    page_fill_from(page, market, symbol, id, most);
    const rest_fault_kind_t fault = take_page_fault(call, page);
    if (fault == REST_OVERLAP)
        page_fill_from(page, market, symbol, id > PAGE_OVERLAP ? id - PAGE_OVERLAP : 1, most);
    return serve_page(call, page, fault);
}

sim_page_t *rest_page_below(sim_rest_call_t *call, size_t symbol, uint64_t id, size_t most)
{
    const sim_market_t *market = exchange_market(call->exchange);
    sim_page_t *page = malloc(sizeof *page);
    if (!page)
        return NULL;
    page_fill_below(page, market, symbol, id, most);
    const rest_fault_kind_t fault = take_page_fault(call, page);
    if (fault == REST_OVERLAP)
        page_fill_below(page, market, symbol, id + PAGE_OVERLAP, most);
    return serve_page(call, page, fault);
}

void rest_fail(sim_rest_call_t *call, int status, const char *body)
{
    call->status = status;
    fputs(body, call->out);
}

void rest_piece(sim_rest_call_t *call, sim_piece_t piece)
{
    fwrite(piece.text, 1, piece.length, call->out);
}

void rest_exact(sim_rest_call_t *call, const sim_exact_t *number, unsigned least_decimals)
{
    char buffer[EXACT_PRINTED_BYTES];
    text_writer_t text = writer_on(buffer, sizeof buffer);
    exact_write(&text, number, least_decimals);
    fwrite(text.start, 1, writer_length(&text), call->out);
}

/* --- answering --------------------------------------------------------------------------------------------------- */

/* What is wrong with an answer as a whole. reply: a good one. */
static void spoil(control_reply_t *reply, rest_fault_kind_t fault, const sim_rest_fault_t *how, const sim_rest_api_t *api)
{
    if (fault == REST_SLOW)
        reply->delay_ms = how->delay_ms;
    if (fault == REST_CUT)
        reply->cut = reply->length > 1 ? reply->length / 2 : 1;
    if (fault == REST_STATUS) {
        reply->status = how->status;
        free(reply->body);
        const int length = asprintf(&reply->body, "%sTold to answer with %d%s", api->error_head, how->status, api->error_tail);
        reply->length = length > 0 ? (size_t)length : 0;
        reply->header = how->retry_after_s >= 0 ? "retry-after:" : NULL;
        snprintf(reply->header_value, sizeof reply->header_value, "%" PRId64, how->retry_after_s);
    }
    if (fault == REST_HTML) {
        free(reply->body);
        reply->body = strdup(html);
        reply->length = sizeof html - 1;
        reply->type = "text/html";
    }
    char *huge = fault == REST_HUGE ? malloc(HUGE_BYTES + reply->length) : NULL;
    if (huge) {
        memset(huge, ' ', HUGE_BYTES);
        memcpy(huge + HUGE_BYTES, reply->body, reply->length);
        free(reply->body);
        reply->body = huge;
        reply->length += HUGE_BYTES;
    }
}

static void record(const sim_rest_call_t *call, const control_reply_t *reply)
{
    char details[LEDGER_DETAILS_MAX];
    text_writer_t out = writer_on(details, sizeof details);
    write_target(&out, call->request);
    writer_text(&out, ",\"status\":");
    writer_unsigned(&out, (uint64_t)reply->status);
    writer_text(&out, ",\"trades\":");
    writer_unsigned(&out, call->trades);
    ledger_event(exchange_ledger(call->exchange), "rest", 0, writer_string(&out));
    exchange_count_rest(call->exchange);
}

bool rest_answer(sim_exchange_t *exchange, const control_request_t *request, control_reply_t *reply)
{
    const sim_rest_api_t *api = exchange_personality(exchange)->rest;
    sim_rest_fault_t *how = exchange_rest_fault(exchange);
    sim_rest_call_t call = {.exchange = exchange, .request = request, .status = 200};
    *reply = (control_reply_t){.file = -1};
    if (!exchange_market(exchange) || strcmp(request->method, "GET") != 0 ||
        !(call.out = open_memstream(&reply->body, &reply->length)))
        return false;
    call.empty = how->times > 0 && how->kind == REST_EMPTY;
    const bool found = api->get(&call);
    fclose(call.out);
    if (!found) {
        control_reply_release(reply);
        return false;
    }
    const rest_fault_kind_t fault = rest_fault_take(how, false);
    reply->status = call.status;
    reply->header = call.header;
    memcpy(reply->header_value, call.header_value, sizeof call.header_value);
    if (fault != REST_GOOD)
        note_fault(&call, fault);
    spoil(reply, fault, how, api);
    if (fault == REST_STATUS || fault == REST_HTML)
        call.trades = 0;
    record(&call, reply);
    return true;
}
