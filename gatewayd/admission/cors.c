#include "gatewayd/admission/cors.h"

enum { ASKED_MAX = 1024 /* bytes of the names of headers, to be repeated */ };

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
    buffer_append(out, TEXT("Access-Control-Expose-Headers: ETag, Retry-After, WWW-Authenticate\r\n"));
}

/* A list of headers' names, and short. */
static bool are_names(text_t text)
{
    static const char marks[] = "!#$%&'*+-.^_`|~, ";
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || memchr(marks, c, sizeof marks - 1)))
            return false;
    }
    return text.length > 0 && text.length <= ASKED_MAX;
}

void cors_append_preflight(const cors_t *self, text_t origin, text_t asked, const char *methods, buffer_t *out)
{
    cors_kind_t kind = judge(self, origin);
    bool repeats = kind == CORS_LISTED && are_names(asked);
    cors_append(self, origin, out);
    if (kind == CORS_NONE)
        return;
    buffer_printf(out,
                  "Access-Control-Allow-Methods: %s\r\n"
                  "Access-Control-Allow-Headers: Authorization, Content-Type, If-None-Match, Last-Event-ID, Cache-Control, "
                  "X-Requested-With, X-SignalR-User-Agent%s%.*s\r\n"
                  "Access-Control-Max-Age: 7200\r\n",
                  methods, repeats ? ", " : "", repeats ? (int)asked.length : 0, asked.at);
}
