/* Who somebody is, by a token: its subject, its role, and until when. */
#pragma once

#include "gatewayd/auth/claims.h"
#include "gatewayd/auth/jwks.h"
#include "gatewayd/auth/roles.h"

enum {
    IDENTITY_SUBJECT_MAX = 255, /* bytes; a token with a longer one is refused (AUTH_CLAIMS) */
    IDENTITY_SETS_MAX = 2
};

#define IDENTITY_FOREVER INT64_MAX

typedef struct {
    role_t *role;       /* kept: identity_release */
    int64_t expires_ns; /* ns since 1970, with the leeway; IDENTITY_FOREVER: never */
    char subject[IDENTITY_SUBJECT_MAX];
    uint8_t subject_length; /* 0: the token names none */
} identity_t;

static inline text_t identity_subject(const identity_t *self)
{
    return (text_t){self->subject, self->subject_length};
}

/* What tokens are judged by. */
typedef struct {
    const claims_rules_t *claims;
    const roles_t *roles;
    const jwks_t *sets[IDENTITY_SETS_MAX]; /* NULL: none, or none yet */
} identity_rules_t;

/* now_ns: since 1970. *stale: newer keys might let it in. AUTH_GRANTED, and then *out is to be released; else *out is empty. The signature is checked before
 * any claim is looked at; takes up to some ms. Nothing of the token is logged. */
auth_refusal_t identity_read(identity_t *out, const identity_rules_t *rules, text_t token, int64_t now_ns, bool *stale);

/* An empty one may be, too. */
void identity_release(identity_t *self);
