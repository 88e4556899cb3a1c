/* Tokens: after a first byte of 't' any bytes; after any other the header in the first line and the claims in the rest, signed here, so that what is behind
 * the signature is reached as well. Whoever is let in has a role and some time left, and brought what was signed. */
#include "common/base64url.h"
#include "common/clock.h"
#include "gatewayd/auth/identity_reader.h"
#include "gatewayd/auth/jwt.h"
#include "tests/fuzz/fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW    (INT64_C(1700000000) * NS_PER_S)

static claims_rules_t claims;
static identity_rules_t rules;

static void make_rules(void)
{
    char error[JWKS_ERROR_MAX];
    const char *settings[] = {"gatewayd.roles={\"viewer\":{},\"trader\":{}}"};
    char *environment[] = {NULL};
    config_t *config = config_load(NULL, settings, 1, environment);
    require(config != NULL && !claims_rules_init(&claims, TEXT(""), TEXT("us"), NS_PER_S, TEXT("/realm/roles")));
    rules = (identity_rules_t){&claims, roles_new(config), {jwks_read_secret(TEXT(SECRET), error), NULL}};
    require(rules.roles && rules.sets[0]);
    config_destroy(&config);
}

static void append_signature(buffer_t *out)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned length;
    HMAC(EVP_sha256(), SECRET, sizeof SECRET - 1, (const unsigned char *)out->bytes, out->length, mac, &length);
    buffer_append(out, TEXT("."));
    base64url_append(out, (text_t){(const char *)mac, length});
}

static void sign(text_t input, buffer_t *out)
{
    base64url_append(out, take_until(&input, '\n'));
    buffer_append(out, TEXT("."));
    base64url_append(out, input);
    append_signature(out);
}

/* The same two parts have one signature only. */
static void check_signed(text_t token)
{
    buffer_t again = buffer_new(0);
    const char *dot = memrchr(token.at, '.', token.length);
    buffer_append(&again, (text_t){token.at, (size_t)(dot - token.at)});
    append_signature(&again);
    require(text_equal(buffer_text(&again), token));
    buffer_release(&again);
}

static void judge(text_t token)
{
    identity_t identity;
    bool stale;
    auth_refusal_t refusal = identity_read(&identity, &rules, token, NOW, &stale);
    require((refusal == AUTH_GRANTED) == (identity.role != NULL));
    if (refusal != AUTH_GRANTED) {
        require(identity.subject_length == 0 && auth_refusal_words(refusal)->word);
        return;
    }
    require(token.length <= JWT_MAX && identity.expires_ns > NOW &&
            roles_find(rules.roles, role_name(identity.role)) == identity.role);
    check_signed(token);
    identity_release(&identity);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t input = {(const char *)data + 1, size - 1};
    buffer_t token = buffer_new(0);
    if (size == 0)
        return 0;
    if (!rules.roles)
        make_rules();
    if (data[0] == 't')
        judge(input);
    else {
        sign(input, &token);
        judge(buffer_text(&token));
    }
    buffer_release(&token);
    return 0;
}
