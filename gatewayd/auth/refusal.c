#include "gatewayd/auth/refusal.h"

#include <assert.h>

#define REALM              "dataflow"
#define INVALID_TOKEN      "invalid_token", 401, AUTH_RPC_UNAUTHENTICATED
#define INSUFFICIENT_SCOPE "insufficient_scope", 403, AUTH_RPC_FORBIDDEN

static const auth_refusal_words_t words[AUTH_REFUSALS] = {
    [AUTH_NO_TOKEN] = {"no_token", "a token is needed", NULL, 401, AUTH_RPC_UNAUTHENTICATED},
    [AUTH_TOO_LONG] = {"too_long", "the token is longer than 8192 bytes", INVALID_TOKEN},
    [AUTH_MALFORMED] = {"malformed", "the token is not a signed JSON Web Token", INVALID_TOKEN},
    [AUTH_ALGORITHM] = {"algorithm", "the token is signed by an algorithm that its key is not for", INVALID_TOKEN},
    [AUTH_CRITICAL] = {"critical", "the token has extensions that must be understood, and are not", INVALID_TOKEN},
    [AUTH_NO_KEYS] = {"no_keys", "there are no keys to check tokens with at the moment", NULL, 503, AUTH_RPC_UNAVAILABLE},
    [AUTH_UNKNOWN_KEY] = {"unknown_key", "the token is signed with an unknown key", INVALID_TOKEN},
    [AUTH_SIGNATURE] = {"signature", "the token's signature is wrong", INVALID_TOKEN},
    [AUTH_CLAIMS] = {"claims", "the token's claims are invalid: exp must be there, and all of the right type", INVALID_TOKEN},
    [AUTH_EXPIRED] = {"expired", "the token has expired", INVALID_TOKEN},
    [AUTH_EARLY] = {"early", "the token is not valid yet", INVALID_TOKEN},
    [AUTH_ISSUER] = {"issuer", "the token comes from another issuer", INVALID_TOKEN},
    [AUTH_AUDIENCE] = {"audience", "the token is for another audience", INVALID_TOKEN},
    [AUTH_NO_ROLE] = {"no_role", "the token gives no role that is known here", INSUFFICIENT_SCOPE},
    [AUTH_SUBJECT] = {"subject", "the token is of another subject than the connection's", INVALID_TOKEN},
    [AUTH_CONNECTIONS] = {"connections", "the token's subject has too many connections", NULL, 429, AUTH_RPC_FORBIDDEN},
    [AUTH_ROLE] = {"role", "the role does not allow that", INSUFFICIENT_SCOPE},
};

const auth_refusal_words_t *auth_refusal_words(auth_refusal_t refusal)
{
    assert(refusal > AUTH_GRANTED && refusal < AUTH_REFUSALS);
    return &words[refusal];
}

auth_refusal_t auth_refusal_of(text_t word)
{
    for (auth_refusal_t i = AUTH_GRANTED + 1; i < AUTH_REFUSALS; i++)
        if (text_equal(word, text_of(words[i].word)))
            return i;
    return AUTH_GRANTED;
}

void auth_refusal_put_challenge(auth_refusal_t refusal, buffer_t *out)
{
    const auth_refusal_words_t *said = auth_refusal_words(refusal);
    buffer_append(out, TEXT("Bearer realm=\"" REALM "\""));
    if (said->error)
        buffer_printf(out, ", error=\"%s\", error_description=\"%s\"", said->error, said->text);
}
