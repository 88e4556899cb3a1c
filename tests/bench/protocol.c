#include "tests/bench/protocol.h"

#include "tests/bench/sample.h"
#include "tests/chaos/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIRE_BINARY = 2, SAY_MAX = 512 };

#define HANDSHAKE(path, more)                                                                                                  \
    "GET " path " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "             \
    "AAAAAAAAAAAAAAAAAAAAAA==\r\n"                                                                                             \
    "Sec-WebSocket-Version: 13\r\n" more "\r\n"

#define DEFLATE "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"

static unsigned symbol_at(const protocol_subscription_t *subscription, unsigned i)
{
    return (subscription->first + i) % subscription->of;
}

static bool begins(const char *bytes, size_t length, const char *with)
{
    return length >= strlen(with) && memcmp(bytes, with, strlen(with)) == 0;
}

/* --- gatewayd: a frame is a JSON-RPC message --- */

static void dataflow_subscribe(const protocol_subscription_t *subscription, const char *channel, const char *more,
                               const protocol_events_t *events, void *arg)
{
    for (unsigned i = 0; i < subscription->count; i++) {
        char text[SAY_MAX], symbol[SAMPLE_SYMBOL_LENGTH], since[64] = "";
        if (subscription->since > 0)
            snprintf(since, sizeof since, ",\"since\":\"%llu-%llu\"", (unsigned long long)SAMPLE_EPOCH,
                     (unsigned long long)subscription->since);
        int length = snprintf(text, sizeof text,
                              "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"subscribe\","
                              "\"params\":{\"channel\":\"%s\",\"symbol\":\"%.*s\"%s%s}}",
                              i, channel, (int)sample_symbol(symbol, symbol_at(subscription, i)), symbol, since, more);
        events->say(arg, text, (size_t)length);
    }
}

static void dataflow_greet(const protocol_subscription_t *subscription, const protocol_events_t *events, void *arg)
{
    dataflow_subscribe(subscription, "trades", "", events, arg);
}

static void batch_greet(const protocol_subscription_t *subscription, const protocol_events_t *events, void *arg)
{
    dataflow_subscribe(subscription, "trades", ",\"batch\":true", events, arg);
}

static void readings_greet(const protocol_subscription_t *subscription, const protocol_events_t *events, void *arg)
{
    dataflow_subscribe(subscription, "readings", "", events, arg);
}

static size_t dataflow_take(const char *bytes, size_t length, const protocol_events_t *events, void *arg)
{
    if (begins(bytes, length, "{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\""))
        events->on_update(arg, bytes, length);
    else if (memmem(bytes, length, "\"event\":\"subscribed\"", 20))
        events->on_subscribed(arg);
    else if (begins(bytes, length, "{\"jsonrpc\":\"2.0\",\"method\":\"trades.gap\""))
        events->on_gap(arg);
    else if (memmem(bytes, length, "\"error\":", 8))
        fprintf(stderr, "%.*s\n", (int)length, bytes);
    return length;
}

static size_t readings_take(const char *bytes, size_t length, const protocol_events_t *events, void *arg)
{
    if (!begins(bytes, length, "{\"jsonrpc\":\"2.0\",\"method\":\"readings."))
        return dataflow_take(bytes, length, events, arg);
    if (begins(bytes, length, "{\"jsonrpc\":\"2.0\",\"method\":\"readings.update\""))
        events->on_update(arg, bytes, length);
    else
        events->on_gap(arg);
    return length;
}

/* An array of such messages, or one. */
static size_t batch_take(const char *bytes, size_t length, const protocol_events_t *events, void *arg)
{
    static const char head[] = "{\"jsonrpc\":";
    const char *end = bytes + length;
    for (const char *at = bytes + begins(bytes, length, "["), *next; at < end; at = next) {
        next = memmem(at + 1, (size_t)(end - at - 1), head, sizeof head - 1);
        next = next ? next : end;
        dataflow_take(at, (size_t)(next - at), events, arg);
    }
    return length;
}

/* --- plain: everything is an update --- */

static void plain_greet(const protocol_subscription_t *subscription, const protocol_events_t *events, void *arg)
{
    (void)subscription;
    events->on_subscribed(arg);
}

static size_t plain_take(const char *bytes, size_t length, const protocol_events_t *events, void *arg)
{
    events->on_update(arg, bytes, length);
    return length;
}

/* --- MQTT 3.1.1, at most once --- */

enum { MQTT_CONNACK = 2, MQTT_PUBLISH = 3, MQTT_SUBACK = 9 };

static void mqtt_head(buffer_t *out, int kind, size_t length)
{
    char head[5] = {(char)kind};
    size_t at = 1;
    do {
        head[at++] = (char)((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
        length >>= 7;
    } while (length > 0);
    buffer_append(out, (text_t){head, at});
}

static void mqtt_text(buffer_t *out, text_t text)
{
    buffer_append(out, (text_t){(char[]){(char)(text.length >> 8), (char)text.length}, 2});
    buffer_append(out, text);
}

void protocol_mqtt_connect(buffer_t *out, const char *client)
{
    mqtt_head(out, 0x10, 10 + 2 + strlen(client));
    mqtt_text(out, TEXT("MQTT"));
    buffer_append(out, (text_t){"\x04\x02\x00\x00", 4}); /* 3.1.1; a clean session; no keep-alive */
    mqtt_text(out, text_of(client));
}

void protocol_mqtt_publish(buffer_t *out, text_t topic, text_t payload)
{
    mqtt_head(out, MQTT_PUBLISH << 4, 2 + topic.length + payload.length);
    mqtt_text(out, topic);
    buffer_append(out, payload);
}

static void mqtt_greet(const protocol_subscription_t *subscription, const protocol_events_t *events, void *arg)
{
    buffer_t out = buffer_new(0);
    protocol_mqtt_connect(&out, ""); /* the server makes up a name */
    events->say(arg, out.bytes, out.length);
    for (unsigned i = 0; i < subscription->count; i++) {
        char topic[SAMPLE_MAX];
        text_t name = {topic, sample_topic(topic, symbol_at(subscription, i))};
        buffer_clear(&out);
        mqtt_head(&out, 0x82, 2 + 2 + name.length + 1);
        buffer_append(&out, (text_t){(char[]){(char)((i + 1) >> 8), (char)(i + 1)}, 2});
        mqtt_text(&out, name);
        buffer_append(&out, (text_t){"\0", 1}); /* QoS 0 */
        events->say(arg, out.bytes, out.length);
    }
    buffer_release(&out);
}

static void mqtt_message(int kind, const char *body, size_t length, const protocol_events_t *events, void *arg)
{
    size_t topic = length >= 2 ? 2 + ((size_t)(unsigned char)body[0] << 8 | (unsigned char)body[1]) : 0;
    if (kind == MQTT_PUBLISH && topic <= length)
        events->on_update(arg, body + topic, length - topic);
    else if (kind == MQTT_SUBACK)
        events->on_subscribed(arg);
}

static size_t mqtt_take(const char *bytes, size_t length, const protocol_events_t *events, void *arg)
{
    for (size_t at = 0;;) {
        size_t head = 1, body = 0;
        unsigned char byte = 0x80;
        for (unsigned shift = 0; (byte & 0x80) && at + head < length && head < 5; head++, shift += 7) {
            byte = (unsigned char)bytes[at + head];
            body |= (size_t)(byte & 0x7f) << shift;
        }
        if (byte & 0x80 || length - at < head + body)
            return at;
        mqtt_message((unsigned char)bytes[at] >> 4, bytes + at + head, body, events, arg);
        at += head + body;
    }
}

/* --- NATS --- */

static void nats_greet(const protocol_subscription_t *subscription, const protocol_events_t *events, void *arg)
{
    static const char connect[] =
        "CONNECT {\"verbose\":false,\"pedantic\":false,\"protocol\":1,\"lang\":\"C\",\"version\":\"1\"}\r\n";
    events->say(arg, connect, sizeof connect - 1);
    for (unsigned i = 0; i < subscription->count; i++) {
        char text[SAY_MAX], topic[SAMPLE_MAX];
        int length =
            snprintf(text, sizeof text, "SUB %.*s %u\r\n", (int)sample_topic(topic, symbol_at(subscription, i)), topic, i + 1);
        events->say(arg, text, (size_t)length);
    }
    events->say(arg, "PING\r\n", 6);
}

/* MSG subject sid size: returns the size of the payload with its end. */
static size_t nats_payload(const char *line, size_t length)
{
    size_t size = 0, at = length;
    while (at > 0 && line[at - 1] != ' ')
        at--;
    for (; at < length && line[at] >= '0' && line[at] <= '9'; at++)
        size = size * 10 + (size_t)(line[at] - '0');
    return size + 2;
}

static size_t nats_take(const char *bytes, size_t length, const protocol_events_t *events, void *arg)
{
    for (size_t at = 0;;) {
        const char *end = memchr(bytes + at, '\r', length - at);
        size_t line = end ? (size_t)(end - bytes) - at : 0;
        bool message = end && begins(bytes + at, line, "MSG ");
        size_t payload = message ? nats_payload(bytes + at, line) : 0;
        if (!end || length - at < line + 2 + payload)
            return at;
        if (message)
            events->on_update(arg, bytes + at + line + 2, payload - 2);
        else if (begins(bytes + at, line, "PONG"))
            events->on_subscribed(arg);
        else if (begins(bytes + at, line, "PING"))
            events->say(arg, "PONG\r\n", 6);
        else if (begins(bytes + at, line, "-ERR"))
            fprintf(stderr, "%.*s\n", (int)line, bytes + at);
        at += line + 2 + payload;
    }
}

static const bench_protocol_t protocols[] = {
    {"dataflow", HANDSHAKE("/ws", ""), WIRE_TEXT, false, true, dataflow_greet, dataflow_take},
    {"dataflow-deflate", HANDSHAKE("/ws", DEFLATE), WIRE_TEXT, false, true, dataflow_greet, dataflow_take},
    {"dataflow-batch", HANDSHAKE("/ws", ""), WIRE_TEXT, false, true, batch_greet, batch_take},
    {"dataflow-batch-deflate", HANDSHAKE("/ws", DEFLATE), WIRE_TEXT, false, true, batch_greet, batch_take},
    {"dataflow-readings", HANDSHAKE("/ws", ""), WIRE_TEXT, false, true, readings_greet, readings_take},
    {"plain", HANDSHAKE("/", ""), WIRE_TEXT, false, false, plain_greet, plain_take},
    {"mqtt", HANDSHAKE("/mqtt", "Sec-WebSocket-Protocol: mqtt\r\n"), WIRE_BINARY, true, true, mqtt_greet, mqtt_take},
    {"nats", HANDSHAKE("/", ""), WIRE_BINARY, true, false, nats_greet, nats_take},
};

const bench_protocol_t *protocol_find(const char *name)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (strcmp(protocols[i].name, name) == 0)
            return &protocols[i];
    return NULL;
}
