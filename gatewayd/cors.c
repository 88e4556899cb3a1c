#include "gatewayd/cors.h"

typedef enum { CORS_NONE, CORS_ANY, CORS_LISTED } cors_kind_t;

static cors_kind_t judge(const cors_t *self, text_t origin)
{
    cors_kind_t kind = CORS_NONE;
    for (size_t i = 0; origin.length > 0 && i < self->count; i++) {
        if (text_equal(origin, text_of(self->origins[i])))
            return CORS_LISTED;
        if (strcmp(self->origins[i], "*") == 0)
            kind = CORS_ANY;
    }
    return kind;
}

void cors_append(const cors_t *self, text_t origin, buffer_t *out)
{
    if (self->count > 0)
        buffer_append(out, TEXT("Vary: Origin\r\n"));
    switch (judge(self, origin)) {
    case CORS_NONE:
        return;
    case CORS_ANY: /* without credentials: a page that nobody named must not use those of a proxy in front */
        buffer_append(out, TEXT("Access-Control-Allow-Origin: *\r\n"));
        break;
    case CORS_LISTED:
        buffer_printf(out, "Access-Control-Allow-Origin: %.*s\r\nAccess-Control-Allow-Credentials: true\r\n", TEXT_ARG(origin));
        break;
    }
    buffer_append(out, TEXT("Access-Control-Expose-Headers: ETag, Retry-After\r\n"));
}

void cors_append_preflight(const cors_t *self, text_t origin, const char *methods, buffer_t *out)
{
    cors_append(self, origin, out);
    if (judge(self, origin) == CORS_NONE)
        return;
    buffer_printf(out,
                  "Access-Control-Allow-Methods: %s\r\n"
                  "Access-Control-Allow-Headers: Content-Type, If-None-Match, Last-Event-ID, Cache-Control, X-Requested-With, "
                  "X-SignalR-User-Agent\r\n"
                  "Access-Control-Max-Age: 7200\r\n",
                  methods);
}
