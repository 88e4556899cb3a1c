#include "gatewayd/auth/claims.h"

#include "common/clock.h"
#include "common/json/json.h"
#include "gatewayd/auth/members.h"

enum { FRACTION_DIGITS = 9 };

const char *claims_rules_init(claims_rules_t *self, text_t issuer, text_t audience, int64_t leeway_ns, text_t role)
{
    *self = (claims_rules_t){.issuer = issuer, .audience = audience, .leeway_ns = leeway_ns};
    pointers_init(&self->pointers);
    pointers_add(&self->pointers, TEXT("/exp"), &self->exp);
    pointers_add(&self->pointers, TEXT("/nbf"), &self->nbf);
    pointers_add(&self->pointers, TEXT("/iat"), &self->iat);
    pointers_add(&self->pointers, TEXT("/iss"), &self->iss);
    pointers_add(&self->pointers, TEXT("/aud"), &self->aud);
    pointers_add(&self->pointers, TEXT("/sub"), &self->sub);
    return pointers_add(&self->pointers, role, &self->role);
}

/* --- times --- */

static int64_t fraction_ns(text_t digits)
{
    int64_t ns = 0;
    for (size_t i = 0; i < FRACTION_DIGITS; i++)
        ns = ns * 10 + (i < digits.length ? digits.at[i] - '0' : 0);
    return ns;
}

static bool is_digits(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return text.length > 0;
}

/* A NumericDate: seconds since 1970, perhaps with a fraction. What is later than any valid time is the last one. False for anything else, and for exponents,
 * which nobody writes. */
static bool read_time(text_t number, int64_t *ns)
{
    uint64_t seconds;
    const char *dot = memchr(number.at, '.', number.length);
    text_t whole = {number.at, dot ? (size_t)(dot - number.at) : number.length};
    text_t fraction = dot ? (text_t){dot + 1, number.length - whole.length - 1} : TEXT("0");
    if (!is_digits(fraction) || !text_to_u64(whole, &seconds))
        return false;
    *ns = seconds < (uint64_t)CLOCK_REAL_MAX_S ? (int64_t)seconds * NS_PER_S + fraction_ns(fraction)
                                               : CLOCK_REAL_MAX_S * NS_PER_S;
    return true;
}

static auth_refusal_t check_times(const claims_rules_t *self, const text_t *found, int64_t now_ns, claims_t *out)
{
    int64_t expires_ns, from_ns = 0, issued_ns = 0;
    text_t exp = found[self->exp], nbf = found[self->nbf], iat = found[self->iat];
    if (exp.length == 0 || !read_time(exp, &expires_ns) || (nbf.length > 0 && !read_time(nbf, &from_ns)) ||
        (iat.length > 0 && !read_time(iat, &issued_ns)))
        return AUTH_CLAIMS;
    out->expires_ns = expires_ns + self->leeway_ns;
    if (out->expires_ns <= now_ns)
        return AUTH_EXPIRED;
    return from_ns > now_ns + self->leeway_ns || issued_ns > now_ns + self->leeway_ns ? AUTH_EARLY : AUTH_GRANTED;
}

/* --- texts --- */

static bool is_text(text_t value, text_t expected)
{
    char room[CLAIMS_TEXT_MAX];
    text_t content;
    return value.length <= sizeof room && json_string(value, room, &content) && text_equal(content, expected);
}

static bool has_text(text_t values, text_t expected)
{
    if (json_kind(values) == JSON_STRING)
        return is_text(values, expected);
    json_walk_t walk = json_walk(values);
    while (json_next(&walk))
        if (is_text(walk.value, expected))
            return true;
    return false;
}

static bool is_texts(text_t values)
{
    if (json_kind(values) != JSON_ARRAY)
        return json_kind(values) == JSON_STRING;
    json_walk_t walk = json_walk(values);
    while (json_next(&walk))
        if (json_kind(walk.value) != JSON_STRING)
            return false;
    return true;
}

/* A token that names audiences must be refused by everybody else, so here where no name is configured (RFC 7519, 4.1.3). */
static auth_refusal_t check_parties(const claims_rules_t *self, const text_t *found)
{
    text_t iss = found[self->iss], aud = found[self->aud], sub = found[self->sub];
    if ((iss.length > 0 && json_kind(iss) != JSON_STRING) || (aud.length > 0 && !is_texts(aud)) ||
        (sub.length > 0 && json_kind(sub) != JSON_STRING))
        return AUTH_CLAIMS;
    if (self->issuer.length > 0 && !is_text(iss, self->issuer))
        return AUTH_ISSUER;
    if (aud.length > 0 || self->audience.length > 0)
        return self->audience.length > 0 && has_text(aud, self->audience) ? AUTH_GRANTED : AUTH_AUDIENCE;
    return AUTH_GRANTED;
}

auth_refusal_t claims_read(const claims_rules_t *self, text_t json, int64_t now_ns, claims_t *out)
{
    text_t found[POINTERS_MAX];
    unsigned place;
    *out = (claims_t){0};
    if (!members_unique(json) || pointers_find(&self->pointers, json, found, &place) != POINTERS_FOUND)
        return AUTH_CLAIMS;
    out->subject = found[self->sub];
    out->role = found[self->role];
    auth_refusal_t refusal = check_times(self, found, now_ns, out);
    return refusal == AUTH_GRANTED ? check_parties(self, found) : refusal;
}

static bool each_word(text_t text, claims_text_fn *use, void *arg)
{
    while (text.length > 0) {
        const char *blank = memchr(text.at, ' ', text.length);
        text_t word = {text.at, blank ? (size_t)(blank - text.at) : text.length};
        if (word.length > 0 && use(arg, word))
            return true;
        size_t used = word.length + (blank != NULL);
        text = (text_t){text.at + used, text.length - used};
    }
    return false;
}

bool claims_each_text(text_t value, claims_text_fn *use, void *arg)
{
    text_t text;
    if (json_plain_string(value, &text))
        return each_word(text, use, arg);
    if (json_kind(value) != JSON_ARRAY)
        return false;
    json_walk_t walk = json_walk(value);
    while (json_next(&walk))
        if (json_plain_string(walk.value, &text) && use(arg, text))
            return true;
    return false;
}
