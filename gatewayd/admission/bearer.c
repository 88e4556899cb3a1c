#include "gatewayd/admission/bearer.h"

#include <strings.h>

#define PARAMETER "access_token"

bool bearer_is_argument(text_t argument)
{
    static const text_t name = TEXT_CONST(PARAMETER);
    return text_starts_with(argument, name) && (argument.length == name.length || argument.at[name.length] == '=');
}

/* "Bearer TOKEN", in any case. Any other scheme is somebody else's, of a proxy in front, say. */
text_t bearer_of_header(text_t authorization)
{
    static const text_t scheme = TEXT_CONST("Bearer ");
    if (authorization.length < scheme.length || strncasecmp(authorization.at, scheme.at, scheme.length) != 0)
        return TEXT("");
    return text_trim((text_t){authorization.at + scheme.length, authorization.length - scheme.length});
}

static text_t of_query(text_t query, char *room)
{
    static const size_t before = sizeof PARAMETER "=" - 1;
    while (query.length > 0) {
        const char *end = memchr(query.at, '&', query.length);
        text_t argument = {query.at, end ? (size_t)(end - query.at) : query.length}, token;
        query = (text_t){argument.at + argument.length + (end != NULL), query.length - argument.length - (end != NULL)};
        if (!bearer_is_argument(argument) || argument.length < before)
            continue;
        text_t value = {argument.at + before, argument.length - before};
        return http_decode(HTTP_QUERY, value, room, &token) ? token : value;
    }
    return TEXT("");
}

text_t bearer_token(const http_request_t *request, char room[static HTTP_HEAD_MAX])
{
    text_t token = bearer_of_header(http_request_field(request, "Authorization"));
    return token.length > 0 ? token : of_query(request->query, room);
}
