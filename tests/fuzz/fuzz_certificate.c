/* A file of keys: what is taken has keys of their length and rights that are some; what is refused has a reason, without the secret in it. */
#include "common/curve/certificate.h"
#include "common/curve/rights.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static certificate_t certificate;
    char why[TRUSTED_FILE_WRONG_MAX] = "";
    text_t word;
    bool good = certificate_parse(&certificate, (text_t){(const char *)data, size}, why);
    size_t secret = strnlen(certificate.secret_key, sizeof certificate.secret_key);
    require(secret == 0 || secret == CERTIFICATE_KEY);
    if (good) {
        require(strnlen(certificate.public_key, sizeof certificate.public_key) == CERTIFICATE_KEY);
        require(rights_valid(text_of(certificate.may), &word));
        rights_cover(text_of(certificate.may), TEXT("trade."));
    } else {
        require(*why && (secret == 0 || !strstr(why, certificate.secret_key)));
    }
    certificate_forget(&certificate);
    return 0;
}
