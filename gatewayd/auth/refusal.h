/* Why nobody is let in with a token, and what each door says then: proto/auth.md has the table. */
#pragma once

#include "common/buffer.h"

typedef enum {
    AUTH_GRANTED,
    AUTH_NO_TOKEN,
    AUTH_TOO_LONG,
    AUTH_MALFORMED,
    AUTH_ALGORITHM,
    AUTH_CRITICAL,
    AUTH_NO_KEYS,
    AUTH_UNKNOWN_KEY,
    AUTH_SIGNATURE,
    AUTH_CLAIMS,
    AUTH_EXPIRED,
    AUTH_EARLY,
    AUTH_ISSUER,
    AUTH_AUDIENCE,
    AUTH_NO_ROLE,
    AUTH_SUBJECT,
    AUTH_CONNECTIONS,
    AUTH_ROLE,    /* of what somebody asks for who was let in */
    AUTH_REFUSALS /* how many there are, with AUTH_GRANTED */
} auth_refusal_t;

enum {
    AUTH_RPC_UNAUTHENTICATED = -32001, /* with data.reason, which the other meaning of the number has not (proto/auth.md) */
    AUTH_RPC_FORBIDDEN = -32003,
    AUTH_RPC_UNAVAILABLE = -32000
};

/* What is said of a refusal, all of it constant: no part of a token or of the configuration is in it. */
typedef struct {
    const char *word;  /* "expired": for data.reason of JSON-RPC, metrics, the log */
    const char *text;  /* for people */
    const char *error; /* RFC 6750, 3.1: "invalid_token", …; NULL: none is told */
    unsigned status;   /* of HTTP */
    int rpc_code;
} auth_refusal_words_t;

/* The one of that word; AUTH_GRANTED: there is none. */
auth_refusal_t auth_refusal_of(text_t word);

/* Not of AUTH_GRANTED. */
const auth_refusal_words_t *auth_refusal_words(auth_refusal_t refusal);

/* Appends the value of WWW-Authenticate that goes with a 401 or 403 (RFC 6750, section 3). */
void auth_refusal_put_challenge(auth_refusal_t refusal, buffer_t *out);
