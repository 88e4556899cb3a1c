/* Whoever brings trades to what is measured: a bus, a publisher of MQTT, NATS or plain WebSocket, or an exchange. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *name;

    /* address: HOST:PORT to connect to (of an exchange: to listen at), for a bus its endpoint, and `replay` another one. Returns when there
     * is somebody to send to, as far as that can be known; NULL when it can't be. */
    void *(*open)(const char *address, const char *replay, unsigned symbols);

    /* The next trade of a symbol; seq counts 1, 2, 3 … for each. It may wait in a buffer for flush, or for a full one. */
    void (*publish)(void *self, unsigned symbol, uint64_t seq);

    /* To be called behind each burst, and at least every few ms. */
    void (*flush)(void *self);
    void (*close)(void *self);
} bench_publisher_t;

/* bus, bus-readings, mqtt, nats, plain, exchange, exchange-kraken. NULL when there is none of that name. */
const bench_publisher_t *publisher_find(const char *name);

extern const bench_publisher_t publisher_exchanges[2]; /* exchange.c: exchange, exchange-kraken */
