/* What a token claims (RFC 7519), once its signature has been found good: from when to when it is valid, who made it, for whom, who brings it, and
 * where its role stands. */
#pragma once

#include "common/json/pointers.h"
#include "gatewayd/auth/refusal.h"

enum { CLAIMS_TEXT_MAX = 4096 };

/* What is expected. The texts are the caller's. */
typedef struct {
    text_t issuer;     /* empty: any */
    text_t audience;   /* empty: tokens that are for an audience are refused */
    int64_t leeway_ns; /* of clocks that differ */
    pointers_t pointers;
    unsigned exp, nbf, iat, iss, aud, sub, role; /* places */
} claims_rules_t;

/* role: a JSON Pointer. Returns what is wrong with it, or NULL. */
const char *claims_rules_init(claims_rules_t *self, text_t issuer, text_t audience, int64_t leeway_ns, text_t role);

typedef struct {
    int64_t expires_ns; /* ns since 1970, with the leeway */
    text_t subject;     /* a raw JSON string; empty: absent */
    text_t role;        /* raw JSON; empty: absent */
} claims_t;

/* json: escapes are resolved (json_plain.h), else anything. now_ns: since 1970. What is put into *out are slices of json. AUTH_GRANTED, AUTH_CLAIMS,
 * AUTH_EXPIRED, AUTH_EARLY, AUTH_ISSUER or AUTH_AUDIENCE. */
auth_refusal_t claims_read(const claims_rules_t *self, text_t json, int64_t now_ns, claims_t *out);

/* Calls `use` with each text of a raw JSON value until it returns true: of a text, and of each that blanks separate in it, as in scope (RFC 8693, 4.2); of
 * an array, each element that is a text. False when it never did. A text with escapes (a quote, a backslash) is passed over. */
typedef bool claims_text_fn(void *arg, text_t text);
bool claims_each_text(text_t value, claims_text_fn *use, void *arg);
