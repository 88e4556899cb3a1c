#include "gatewayd/auth/jwt.h"

#include "common/base64url.h"
#include "common/json/json.h"
#include "common/json/json_plain.h"
#include "gatewayd/auth/members.h"

#include <strings.h>

enum { PARTS = 3 };

/* False unless there are exactly three. */
static bool split(text_t token, text_t parts[PARTS])
{
    for (size_t i = 0; i < PARTS; i++) {
        const char *dot = token.length > 0 ? memchr(token.at, '.', token.length) : NULL;
        bool last = i == PARTS - 1;
        if ((dot == NULL) != last)
            return false;
        parts[i] = (text_t){token.at, dot ? (size_t)(dot - token.at) : token.length};
        if (!last)
            token = (text_t){dot + 1, token.length - parts[i].length - 1};
    }
    return true;
}

static bool same_but_case(text_t a, const char *b)
{
    return a.length == strlen(b) && strncasecmp(a.at, b, a.length) == 0;
}

/* Other kinds of tokens (of a logout, of proof of possession, …) are signed with the same keys and mean something else (RFC 8725, 3.11). */
static bool is_access(text_t header)
{
    static const char *const types[] = {"JWT", "at+jwt", "application/jwt", "application/at+jwt"};
    text_t type;
    if (!members_text(header, "typ", &type))
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (type.length == 0 || same_but_case(type, types[i]))
            return true;
    return false;
}

static auth_refusal_t read_header(jwt_t *self, text_t header)
{
    text_t algorithm, id = json_member(header, "kid");
    if (!members_unique(header) || !is_access(header) || !members_text(header, "alg", &algorithm) || algorithm.length == 0)
        return AUTH_MALFORMED;
    if (id.length > 0 && json_kind(id) != JSON_STRING)
        return AUTH_MALFORMED;
    if (json_member(header, "crit").length > 0)
        return AUTH_CRITICAL; /* there is nothing that would be understood */
    self->wanted.has_id = id.length > 0;
    if (self->wanted.has_id)
        self->wanted.id = (text_t){id.at + 1, id.length - 2};
    return jwt_algorithm_parse(algorithm, &self->wanted.algorithm) ? AUTH_GRANTED : AUTH_ALGORITHM;
}

auth_refusal_t jwt_read(jwt_t *self, text_t token)
{
    text_t parts[PARTS];
    *self = (jwt_t){.signature = buffer_new(JWT_MAX),
                    .header_bytes = buffer_new(JWT_MAX),
                    .claims_bytes = buffer_new(JWT_MAX),
                    .plain_header = buffer_new(JWT_MAX),
                    .plain_claims = buffer_new(JWT_MAX)};
    if (token.length == 0)
        return AUTH_NO_TOKEN;
    if (token.length > JWT_MAX)
        return AUTH_TOO_LONG;
    if (!split(token, parts) || !base64url_decode(&self->header_bytes, parts[0]) ||
        !base64url_decode(&self->claims_bytes, parts[1]) || !base64url_decode(&self->signature, parts[2]))
        return AUTH_MALFORMED;
    self->signed_text = (text_t){token.at, parts[0].length + 1 + parts[1].length};
    self->claims = json_plain(buffer_text(&self->claims_bytes), &self->plain_claims);
    return read_header(self, json_plain(buffer_text(&self->header_bytes), &self->plain_header));
}

void jwt_release(jwt_t *self)
{
    buffer_release(&self->signature);
    buffer_release(&self->header_bytes);
    buffer_release(&self->claims_bytes);
    buffer_release(&self->plain_header);
    buffer_release(&self->plain_claims);
}
