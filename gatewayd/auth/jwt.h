/* A signed JSON Web Token as it travels: a JWS in its compact form (RFC 7515), HEADER.CLAIMS.SIGNATURE, each in base64url.
 *
 *     jwt_t jwt;
 *     auth_refusal_t refusal = jwt_read(&jwt, token);
 *     …find a key by jwt.wanted…
 *     if (jwt_key_verify(key, jwt.wanted.algorithm, jwt.signed_text, buffer_text(&jwt.signature)))
 *         …its claims can be believed…
 *     jwt_release(&jwt);
 *
 * Of the header alg, kid, typ and crit count. Keys that a token brings itself (jwk, jku, x5c, x5u) are never looked at.
 */
#pragma once

#include "common/buffer.h"
#include "gatewayd/auth/jwt_key.h"
#include "gatewayd/auth/refusal.h"

enum { JWT_MAX = 8192 /* bytes of a token */ };

typedef struct {
    jwt_wanted_key_t wanted; /* the key, in the header's bytes */
    text_t signed_text;      /* in the token */
    text_t claims;           /* JSON whose escapes are resolved (json_plain.h); nothing has been checked of it */
    buffer_t signature, header_bytes, claims_bytes, plain_header, plain_claims;
} jwt_t;

/* The token must outlive it. AUTH_GRANTED, AUTH_NO_TOKEN, AUTH_TOO_LONG, AUTH_MALFORMED (out of memory, too), AUTH_ALGORITHM or AUTH_CRITICAL. To be
 * released in any case. */
auth_refusal_t jwt_read(jwt_t *self, text_t token);
void jwt_release(jwt_t *self);
