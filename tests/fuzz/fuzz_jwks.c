/* Any bytes as a document of keys: what is taken is of one kind each, and holds a secret only where it may. */
#include "gatewayd/auth/jwks.h"
#include "tests/fuzz/fuzz.h"

static size_t count_of(const jwks_t *keys, jwt_algorithm_t algorithm)
{
    const jwt_key_t *found[JWKS_TRIED_MAX];
    char signature[512] = "";
    size_t count = 0;
    require(!jwks_find(keys, &(jwt_wanted_key_t){.algorithm = algorithm}, found, &count));
    for (size_t i = 0; i < count && i < JWKS_TRIED_MAX; i++) {
        require(jwt_key_allows(found[i], algorithm));
        require(!jwt_key_verify(found[i], algorithm, TEXT("a.b"), (text_t){signature, sizeof signature}));
        require(!jwt_key_verify(found[i], algorithm, TEXT("a.b"), (text_t){signature, 64}));
    }
    return count;
}

static void check_keys(const jwks_t *keys, bool secrets)
{
    size_t of[JWT_ALGORITHMS];
    require(jwks_count(keys) > 0 && jwks_count(keys) + jwks_skipped(keys) <= JWKS_KEYS_MAX);
    for (unsigned i = 0; i < JWT_ALGORITHMS; i++)
        of[i] = count_of(keys, (jwt_algorithm_t)i);
    size_t rsa = of[JWT_RS256] > of[JWT_PS256] ? of[JWT_RS256] : of[JWT_PS256];
    require(secrets || of[JWT_HS256] == 0);
    require(of[JWT_HS256] + rsa + of[JWT_ES256] + of[JWT_ES384] + of[JWT_EDDSA] <= jwks_count(keys));
    require(of[JWT_HS256] + of[JWT_RS256] + of[JWT_PS256] + of[JWT_ES256] + of[JWT_ES384] + of[JWT_EDDSA] >= jwks_count(keys));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t document = {(const char *)data, size};
    for (int secrets = 0; secrets < 2; secrets++) {
        char error[JWKS_ERROR_MAX] = "";
        jwks_t *keys = jwks_read(document, secrets, error);
        require((keys != NULL) == (error[0] == '\0'));
        if (keys)
            check_keys(keys, secrets);
        jwks_destroy(&keys);
    }
    return 0;
}
