#include "gatewayd/admission/origins.h"

#include "common/http/authority.h"

#include <strings.h>

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

static bool is_listed(const cors_t *list, text_t origin)
{
    for (size_t i = 0; i < list->count; i++) {
        text_t known = text_of(list->origins[i]);
        if (text_equal(known, TEXT("*")) ||
            (known.length == origin.length && strncasecmp(known.at, origin.at, known.length) == 0))
            return true;
    }
    return false;
}

bool origin_is_own(text_t origin, text_t host)
{
    static const struct {
        text_t scheme;
        uint16_t port;
    } schemes[] = {{TEXT_CONST("http://"), HTTP_PORT}, {TEXT_CONST("https://"), HTTPS_PORT}};
    authority_t page, server;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        text_t scheme = schemes[i].scheme;
        if (!text_starts_with(origin, scheme))
            continue;
        if (!authority_parse((text_t){origin.at + scheme.length, origin.length - scheme.length}, &page) ||
            !authority_parse(host, &server))
            return false;
        uint16_t page_port = page.port ? page.port : schemes[i].port;
        uint16_t server_port = server.port ? server.port : schemes[i].port;
        return page_port == server_port && authority_same_host(&page, &server);
    }
    return false;
}

static bool may(const cors_t *const *lists, size_t count, const http_request_t *request)
{
    text_t origin = http_request_field(request, "Origin");
    size_t origins = http_request_count(request, "Origin");
    if (origins == 0 || (origins == 1 && origin_is_own(origin, request->host)))
        return true;
    for (size_t i = 0; origins == 1 && i < count; i++)
        if (is_listed(lists[i], origin))
            return true;
    return false;
}

bool origins_may_connect(const origins_t *self, const http_request_t *request)
{
    return may((const cors_t *const[]){&self->connecting}, 1, request);
}

bool origins_may_read(const origins_t *self, const http_request_t *request)
{
    return may((const cors_t *const[]){&self->connecting, &self->reading}, 2, request);
}
