/* What can be asked over HTTP: how things stand, and to misbehave. */
#pragma once

#include "tests/simulator/exchange.h"

enum { CONTROL_PARAMETERS_MAX = 4, CONTROL_TEXT_BYTES = 64 };

typedef struct {
    char name[CONTROL_TEXT_BYTES];
    char value[CONTROL_TEXT_BYTES];
} control_parameter_t;

typedef struct {
    const char *method;
    const char *path;
    control_parameter_t parameters[CONTROL_PARAMETERS_MAX];
    size_t parameter_count;
    const char *body; /* may be NULL when it is empty */
    size_t body_length;
} control_request_t;

typedef struct {
    int status;
    char *body; /* JSON, owned by the reply; or NULL, then the file is the body */
    int file;   /* NDJSON, owned by the reply; -1: none */
    size_t length;
} control_reply_t;

/* Acts on a request. There is always a reply, to be released. */
control_reply_t control_handle(sim_exchange_t *exchange, const control_request_t *request);

void control_reply_release(control_reply_t *self);

/* A reply {"ok":false,"error":"..."}; format: of the error. */
control_reply_t control_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
