/* One JSON Web Key (RFC 7517): oct, RSA, EC on P-256 and P-384, OKP with Ed25519. */
#pragma once

#include "gatewayd/auth/jwt_key.h"

/* json: a valid JSON object without escapes that need not be (json_plain.h). secrets: may it be one (oct)? Of a private key the public part is taken.
 * NULL with *wrong, a constant text. */
jwt_key_t *jwk_read(text_t json, bool secrets, const char **wrong);
