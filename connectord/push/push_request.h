/* What the head of a POST has to be like before its body is read, and how a POST is refused. */
#pragma once

#include "common/http/http_connection.h"
#include "connectord/push/push_body.h"

enum { PUSH_REASON_MAX = 200 };

typedef struct {
    unsigned status;
    char reason[PUSH_REASON_MAX];
    uint64_t wait_ms; /* until it may come again; 0: that would not help */
} push_refusal_t;

/* Can a body of at most `most` bytes follow? False: 405, 411, 413 or 415. */
bool push_request_good(const http_request_t *request, uint64_t most, push_form_t *form, push_refusal_t *refusal);

/* Fills a refusal in; false. */
bool push_refusal_set(push_refusal_t *self, unsigned status, uint64_t wait_ms, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Answers it. */
void push_refuse(http_connection_t *to, const push_refusal_t *refusal);
