#include "gatewayd/auth/identity_reader.h"

#include "common/json/json.h"
#include "gatewayd/auth/jwt.h"

/* The keys that may have signed it. */
typedef struct {
    const jwt_key_t *keys[JWKS_TRIED_MAX];
    size_t count, known; /* that fit, and all that there are */
    bool named;          /* a key has the name that the token says */
} signers_t;

static signers_t find_signers(const identity_rules_t *rules, const jwt_t *jwt)
{
    signers_t signers = {.count = 0};
    for (size_t i = 0; i < IDENTITY_SETS_MAX; i++) {
        if (!rules->sets[i])
            continue;
        signers.known += jwks_count(rules->sets[i]);
        signers.named |= jwks_find(rules->sets[i], &jwt->wanted, signers.keys, &signers.count);
    }
    return signers;
}

static auth_refusal_t check_signature(const identity_rules_t *rules, const jwt_t *jwt, bool *stale)
{
    signers_t signers = find_signers(rules, jwt);
    *stale = !signers.named;
    if (signers.known == 0)
        return AUTH_NO_KEYS;
    if (signers.count == 0 && signers.named)
        return AUTH_ALGORITHM;
    if (signers.count == 0 || signers.count > JWKS_TRIED_MAX)
        return AUTH_UNKNOWN_KEY;
    for (size_t i = 0; i < signers.count; i++)
        if (jwt_key_verify(signers.keys[i], jwt->wanted.algorithm, jwt->signed_text, buffer_text(&jwt->signature))) {
            *stale = false;
            return AUTH_GRANTED;
        }
    return AUTH_SIGNATURE;
}

typedef struct {
    const roles_t *roles;
    role_t *found;
} role_search_t;

static bool is_role(void *arg, text_t name)
{
    role_search_t *search = arg;
    search->found = roles_find(search->roles, name);
    return search->found != NULL;
}

/* The texts of a subject are as JSON has them; what is kept has its escapes resolved. */
static bool keep_subject(identity_t *out, text_t raw)
{
    char room[JWT_MAX];
    text_t subject = {"", 0};
    if (raw.length > 0 &&
        (raw.length > sizeof room || !json_string(raw, room, &subject) || subject.length > IDENTITY_SUBJECT_MAX))
        return false;
    memcpy(out->subject, subject.at, subject.length);
    out->subject_length = (uint8_t)subject.length;
    return true;
}

static auth_refusal_t take_claims(identity_t *out, const identity_rules_t *rules, text_t json, int64_t now_ns)
{
    claims_t claims;
    role_search_t search = {.roles = rules->roles};
    auth_refusal_t refusal = claims_read(rules->claims, json, now_ns, &claims);
    if (refusal != AUTH_GRANTED)
        return refusal;
    if (!claims_each_text(claims.role, is_role, &search))
        return AUTH_NO_ROLE;
    if (!keep_subject(out, claims.subject))
        return AUTH_CLAIMS;
    out->role = role_keep(search.found);
    out->expires_ns = claims.expires_ns;
    return AUTH_GRANTED;
}

auth_refusal_t identity_read(identity_t *out, const identity_rules_t *rules, text_t token, int64_t now_ns, bool *stale)
{
    jwt_t jwt;
    *out = (identity_t){0};
    *stale = false;
    auth_refusal_t refusal = jwt_read(&jwt, token);
    if (refusal == AUTH_GRANTED)
        refusal = check_signature(rules, &jwt, stale);
    if (refusal == AUTH_GRANTED)
        refusal = take_claims(out, rules, jwt.claims, now_ns);
    jwt_release(&jwt);
    return refusal;
}
