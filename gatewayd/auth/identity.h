/* Who somebody is, by a token: its subject, its role, and until when. */
#pragma once

#include "gatewayd/auth/roles.h"

enum { IDENTITY_SUBJECT_MAX = 255 /* bytes; a token with a longer one is refused (AUTH_CLAIMS) */ };

#define IDENTITY_FOREVER INT64_MAX

typedef struct identity {
    role_t *role;       /* kept: identity_release */
    int64_t expires_ns; /* ns since 1970, with the leeway; IDENTITY_FOREVER: never */
    char subject[IDENTITY_SUBJECT_MAX];
    uint8_t subject_length; /* 0: the token names none */
} identity_t;

static inline text_t identity_subject(const identity_t *self)
{
    return (text_t){self->subject, self->subject_length};
}

/* An empty one may be, too. */
static inline void identity_release(identity_t *self)
{
    role_release(&self->role);
    *self = (identity_t){0};
}
