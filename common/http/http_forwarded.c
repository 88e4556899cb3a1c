#include "common/http/http_forwarded.h"

#include "common/proxy/forwarded.h"

#include <strings.h>

/* The name of the field that names clients. */
static const char *const names[] = {[PROXIES_X_FORWARDED] = "X-Forwarded-For", [PROXIES_FORWARDED] = "Forwarded"};

static bool is_named(const http_field_t *field, const char *name)
{
    return field->name.length == strlen(name) && strncasecmp(field->name.at, name, field->name.length) == 0;
}

/* From the last line to the first: the last one was written by the nearest proxy. */
static forwarded_result_t find_client(forwarded_t *found, const http_request_t *request, const proxies_t *proxies)
{
    forwarded_result_t result = FORWARDED_PROXIES;
    for (size_t i = request->field_count; i > 0 && result == FORWARDED_PROXIES; i--)
        if (is_named(&request->fields[i - 1], names[proxies->header]))
            result = forwarded_read(found, request->fields[i - 1].value, proxies);
    return result;
}

/* The last word of the last line, which the nearest proxy has written. */
static text_t last_word(const http_request_t *request, const char *name)
{
    for (size_t i = request->field_count; i > 0; i--) {
        const http_field_t *field = &request->fields[i - 1];
        const char *comma =
            is_named(field, name) && field->value.length ? memrchr(field->value.at, ',', field->value.length) : NULL;
        if (comma)
            return text_trim((text_t){comma + 1, field->value.length - (size_t)(comma - field->value.at) - 1});
        if (is_named(field, name))
            return field->value;
    }
    return TEXT("");
}

bool http_forwarded_read(http_forwarded_t *self, const http_request_t *request, const proxies_t *proxies)
{
    forwarded_t found = {.proto = TEXT(""), .host = TEXT("")};
    if (find_client(&found, request, proxies) == FORWARDED_WRONG)
        return false;
    bool apart = proxies->header == PROXIES_X_FORWARDED;
    text_t proto = apart ? last_word(request, "X-Forwarded-Proto") : found.proto;
    *self = (http_forwarded_t){.client = found.client,
                               .host = apart ? last_word(request, "X-Forwarded-Host") : found.host,
                               .secure = proto.length == 5 && strncasecmp(proto.at, "https", 5) == 0};
    return true;
}
