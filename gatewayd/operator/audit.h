/* What operators do, and what was refused of it: a line each in the log, "audit: …". Never a token. */
#pragma once

#include "gatewayd/auth/identity.h"

typedef struct {
    const identity_t *identity; /* who asks; NULL: nobody knows */
    text_t address;             /* from where */
    text_t method, path;        /* what: PUT /api/v1/sources/kraken/symbols/SOL-USD */
    unsigned status;            /* what came of it: of HTTP */
    text_t detail;              /* more of that; may be empty */
} audit_t;

/* Who may, and was answered: every one, at level info. */
void audit_done(const audit_t *self);

/* Who may not, at level warn: any stranger can cause that, so only some of many. */
void audit_refused(const audit_t *self);
