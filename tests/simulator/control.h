/* What can be asked over HTTP: how things stand, and to misbehave. */
#pragma once

#include "tests/simulator/exchange.h"

enum { CONTROL_PARAMETERS_MAX = 8, CONTROL_TEXT_BYTES = 64 };

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
    char time_unit[CONTROL_TEXT_BYTES]; /* the header X-MBX-TIME-UNIT, or "" */
} control_request_t;

typedef struct {
    int status;
    char *body; /* JSON, owned by the reply; or NULL, then the file is the body */
    int file;   /* NDJSON, owned by the reply; -1: none */
    size_t length;
    const char *type;   /* NULL: the usual one of what it is */
    const char *header; /* one more header, "cb-after:"; NULL: none */
    char header_value[CONTROL_TEXT_BYTES];
    int64_t delay_ms;
    size_t cut; /* the connection is closed behind so many bytes of the body; 0: it is not */
} control_reply_t;

/* Acts on a request. There is always a reply, to be released. */
control_reply_t control_handle(sim_exchange_t *exchange, const control_request_t *request);

void control_reply_release(control_reply_t *self);

/* A reply {"ok":false,"error":"..."}; format: of the error. */
control_reply_t control_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
