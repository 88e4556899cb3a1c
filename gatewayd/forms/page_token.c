#include "gatewayd/forms/page_token.h"

#include "common/base64url.h"

void page_token_append(buffer_t *out, text_t json)
{
    base64url_append(out, json);
}

bool page_token_decode(buffer_t *out, text_t token)
{
    return base64url_decode(out, token);
}
