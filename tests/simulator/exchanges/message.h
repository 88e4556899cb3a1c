/* A message of any length that is printed and sent; for answers. Trades are printed into buffers of known size. */
#pragma once

#include <cjson/cJSON.h>
#include <stdio.h>

#include "tests/simulator/connection.h"
#include "tests/simulator/market/view.h"

typedef struct {
    FILE *out; /* NULL when memory ran out */
    char *text;
    size_t length;
} sim_message_t;

/* To be sent, always: that releases it. */
bool message_begin(sim_message_t *self);
bool message_send(sim_message_t *self, sim_connection_t *connection);

/* A text that came from a client, as a JSON string; cut where it is long. */
void message_quoted(FILE *out, const char *text);

/* Any value that came from a client. */
void message_json(FILE *out, const cJSON *value);

/* 2019-08-13T11:30:06.100140Z */
void message_time(FILE *out, int64_t real_ns);

void message_piece(FILE *out, sim_piece_t piece);

/* A client's message as JSON, to be deleted; NULL when it is not one whole JSON text. */
cJSON *message_parse(const char *message, size_t length);

/* The string of that name in an object, or NULL. */
const char *message_string(const cJSON *object, const char *name);
