/* The faults that can be asked for: each is done to all connections or to one, and goes to the ledger. */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/control_call.h"
#include "tests/simulator/fault.h"

enum {
    NOTE_BYTES = 128,
    SKIP_MAX = 1000000,
    ANSWERS_MAX = 1000000,
};

/* What to do to each connection, and whatever that needs. */
typedef struct fault_order fault_order_t;
struct fault_order {
    bool (*act)(sim_connection_t *connection, const fault_order_t *order); /* false: it did not apply to this one */
    sim_exchange_t *exchange;
    const char *note; /* for the ledger, a line a connection; NULL: the act sees to that */
    uint64_t number;
    int64_t until_ns;
    const fault_t *fault;
    const char *body;
    size_t body_length;
};

/* Does it to the connections that are meant, and replies to how many it applied. */
static void carry_out(control_call_t *call, fault_order_t order)
{
    uint64_t id;
    size_t count = 0;
    if (!call_connection(call, &id))
        return;
    order.exchange = call->exchange;
    for (size_t i = 0; i < exchange_connections(call->exchange); i++) {
        sim_connection_t *connection = exchange_connection(call->exchange, i);
        if (id != 0 && connection_id(connection) != id)
            continue;
        if (order.note)
            ledger_event(exchange_ledger(call->exchange), "fault", connection_id(connection), order.note);
        count += order.act(connection, &order);
    }
    call_reply(call, "{\"ok\":true,\"connections\":%zu}\n", count);
}

/* --- ends of connections ----------------------------------------------------------------------------------------- */

/* Codes that may stand in a close frame (RFC 6455, 7.4). */
static bool close_code_valid(uint64_t code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) || (code >= 3000 && code <= 4999);
}

static bool act_close(sim_connection_t *connection, const fault_order_t *order)
{
    connection_close(connection, (uint16_t)order->number);
    return true;
}

static void handle_close(control_call_t *call)
{
    uint64_t code;
    char note[NOTE_BYTES];
    if (!call_whole(call, "code", 1000, 4999, 1000, &code))
        return;
    if (!close_code_valid(code)) {
        call->reply = control_error(400, "code: expected one that may be sent (RFC 6455, 7.4), found '%" PRIu64 "'", code);
        return;
    }
    snprintf(note, sizeof note, "\"kind\":\"close\",\"code\":%" PRIu64, code);
    carry_out(call, (fault_order_t){.act = act_close, .note = note, .number = code});
}

static bool act_reset(sim_connection_t *connection, const fault_order_t *order)
{
    (void)order;
    connection_reset(connection);
    return true;
}

static void handle_reset(control_call_t *call)
{
    carry_out(call, (fault_order_t){.act = act_reset, .note = "\"kind\":\"reset\""});
}

/* --- silence ----------------------------------------------------------------------------------------------------- */

static bool act_freeze(sim_connection_t *connection, const fault_order_t *order)
{
    connection_freeze(connection, order->until_ns);
    return true;
}

static void handle_freeze(control_call_t *call)
{
    int64_t ns;
    char note[NOTE_BYTES];
    if (!call_seconds(call, &ns))
        return;
    snprintf(note, sizeof note, "\"kind\":\"freeze\",\"seconds\":%g", (double)ns / (double)NS_PER_S);
    carry_out(call, (fault_order_t){.act = act_freeze, .note = note, .until_ns = clock_mono_ns() + ns});
}

static void handle_refuse(control_call_t *call)
{
    int64_t ns;
    char note[NOTE_BYTES];
    if (!call_seconds(call, &ns))
        return;
    snprintf(note, sizeof note, "\"kind\":\"refuse\",\"seconds\":%g", (double)ns / (double)NS_PER_S);
    ledger_event(exchange_ledger(call->exchange), "fault", 0, note);
    exchange_refuse(call->exchange, ns);
    call_reply(call, "{\"ok\":true}\n");
}

/* The body's lines as header lines; false for what would be none. */
static bool print_headers(const control_call_t *call, char *out, size_t room)
{
    text_writer_t headers = writer_on(out, room);
    const char *at = call->request->body ? call->request->body : "", *end = at + call->request->body_length;
    if (call->request->body_length * 2 + 2 > room)
        return false;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at)), *next = line_end ? line_end + 1 : end;
        const size_t length = (size_t)((line_end ? line_end : end) - at);
        if (!memchr(at, ':', length) || memchr(at, '\r', length) || memchr(at, '\0', length))
            return false;
        writer_bytes(&headers, at, length);
        writer_text(&headers, "\r\n");
        at = next;
    }
    writer_string(&headers);
    return true;
}

static void handle_answer(control_call_t *call)
{
    uint64_t status, times;
    char note[NOTE_BYTES], line[EXCHANGE_STATUS_BYTES], headers[EXCHANGE_HEADERS_BYTES];
    if (!call_whole(call, "status", 200, 599, 503, &status) || !call_whole(call, "times", 0, ANSWERS_MAX, 1, &times))
        return;
    if (!print_headers(call, headers, sizeof headers)) {
        call->reply = control_error(400, "body: expected a few header lines, found '%.*s'", (int)call->request->body_length,
                                    call->request->body);
        return;
    }
    snprintf(line, sizeof line, "%" PRIu64 " Told So", status);
    snprintf(note, sizeof note, "\"kind\":\"answer\",\"status\":%" PRIu64 ",\"times\":%" PRIu64, status, times);
    ledger_event(exchange_ledger(call->exchange), "fault", 0, note);
    exchange_answer(call->exchange, line, headers, times);
    call_reply(call, "{\"ok\":true}\n");
}

/* --- trades that are missing or come twice ------------------------------------------------------------------------- */

static bool act_skip(sim_connection_t *connection, const fault_order_t *order)
{
    connection_skip(connection, order->number);
    return true;
}

static void handle_skip(control_call_t *call)
{
    uint64_t n;
    char note[NOTE_BYTES];
    if (!call_whole(call, "n", 1, SKIP_MAX, 1, &n))
        return;
    snprintf(note, sizeof note, "\"kind\":\"skip\",\"n\":%" PRIu64, n);
    carry_out(call, (fault_order_t){.act = act_skip, .note = note, .number = n});
}

static bool act_repeat(sim_connection_t *connection, const fault_order_t *order)
{
    connection_repeat(connection, order->number);
    return connection_takes_messages(connection);
}

static void handle_repeat(control_call_t *call)
{
    uint64_t n;
    char note[NOTE_BYTES];
    if (!call_whole(call, "n", 1, CONNECTION_REPEAT_MAX, 1, &n))
        return;
    snprintf(note, sizeof note, "\"kind\":\"repeat\",\"n\":%" PRIu64, n);
    carry_out(call, (fault_order_t){.act = act_repeat, .note = note, .number = n});
}

/* --- odd messages ------------------------------------------------------------------------------------------------ */

static bool act_malformed(sim_connection_t *connection, const fault_order_t *order)
{
    return fault_send(order->fault, order->exchange, connection, order->number);
}

static void handle_malformed(control_call_t *call)
{
    if (exchange_market(call->exchange)) {
        control_malformed(call);
        return;
    }
    const char *kind = call_text(call, "kind");
    const fault_t *fault = kind ? fault_find(kind) : NULL;
    if (!fault) {
        call->reply = control_error(400, "kind: expected %s, found '%s'", fault_kinds(), kind ? kind : "");
        return;
    }
    const uint64_t ids = exchange_take_trade_ids(call->exchange, exchange_symbols(call->exchange)->count);
    carry_out(call, (fault_order_t){.act = act_malformed, .fault = fault, .number = ids});
}

static bool act_throttle(sim_connection_t *connection, const fault_order_t *order)
{
    (void)order;
    connection_personality(connection)->manners->throttled(connection);
    return connection_takes_messages(connection);
}

static void handle_throttle(control_call_t *call)
{
    carry_out(call, (fault_order_t){.act = act_throttle, .note = "\"kind\":\"throttle\""});
}

/* The body with every {seqnum} replaced; it takes a number if there is one to be replaced. */
static bool act_send(sim_connection_t *connection, const fault_order_t *order)
{
    static const char mark[] = "{seqnum}";
    char *text = NULL;
    size_t length = 0;
    bool numbered = false;
    FILE *out = connection_takes_messages(connection) ? open_memstream(&text, &length) : NULL;
    if (!out)
        return false;
    const char *at = order->body, *end = order->body + order->body_length, *found;
    while ((found = memmem(at, (size_t)(end - at), mark, sizeof mark - 1))) {
        fwrite(at, 1, (size_t)(found - at), out);
        fprintf(out, "%" PRIu64, connection_seqnum(connection));
        at = found + sizeof mark - 1;
        numbered = true;
    }
    fwrite(at, 1, (size_t)(end - at), out);
    fclose(out);
    if (numbered)
        connection_take_seqnum(connection);
    const bool sent = connection_send(connection, FRAME_TEXT, text, length);
    free(text);
    return sent;
}

static void handle_send(control_call_t *call)
{
    if (call->request->body_length == 0)
        call->reply = control_error(400, "body: expected the text to send, found nothing");
    else
        carry_out(call, (fault_order_t){.act = act_send,
                                        .note = "\"kind\":\"send\"",
                                        .body = call->request->body,
                                        .body_length = call->request->body_length});
}

const control_route_t control_fault_routes[] = {
    {"POST", "/control/close", " code conn ", handle_close},
    {"POST", "/control/reset", " conn ", handle_reset},
    {"POST", "/control/freeze", " seconds conn ", handle_freeze},
    {"POST", "/control/refuse", " seconds ", handle_refuse},
    {"POST", "/control/answer", " status times ", handle_answer},
    {"POST", "/control/skip", " n conn ", handle_skip},
    {"POST", "/control/repeat", " n conn ", handle_repeat},
    {"POST", "/control/malformed", " kind conn ", handle_malformed},
    {"POST", "/control/throttle", " conn ", handle_throttle},
    {"POST", "/control/send", " conn ", handle_send},
    {0},
};
