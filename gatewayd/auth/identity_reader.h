/* From a token to the identity of who brings it: its signature, its claims, its role. */
#pragma once

#include "gatewayd/auth/claims.h"
#include "gatewayd/auth/identity.h"
#include "gatewayd/auth/jwks.h"

enum { IDENTITY_SETS_MAX = 2 };

/* What tokens are judged by. */
typedef struct {
    const claims_rules_t *claims;
    const roles_t *roles;
    const jwks_t *sets[IDENTITY_SETS_MAX]; /* NULL: none, or none yet */
} identity_rules_t;

/* now_ns: since 1970. *stale: newer keys might let it in. AUTH_GRANTED, and then *out is to be released; else *out is empty. The signature is checked before
 * any claim is looked at; takes up to some ms. Nothing of the token is logged. */
auth_refusal_t identity_read(identity_t *out, const identity_rules_t *rules, text_t token, int64_t now_ns, bool *stale);
