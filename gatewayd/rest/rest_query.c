#include "gatewayd/rest/rest_query.h"

#include "common/http/http_request.h"
#include "gatewayd/admission/bearer.h"

bool rest_query_add(rest_query_t *self, text_t argument)
{
    const char *equals = argument.length ? memchr(argument.at, '=', argument.length) : NULL;
    text_t name = {argument.at, equals ? (size_t)(equals - argument.at) : argument.length};
    text_t value = {argument.at + name.length + (equals != NULL), argument.length - name.length - (equals != NULL)};
    if (text_starts_with(name, TEXT("_")))
        return true; /* `_=1762795473937`: only so that no cache knows the URL */
    if (self->count == REST_ARGUMENTS_MAX || !text_is_utf8(argument))
        return false;
    for (size_t i = 0; i < self->count; i++) {
        if (text_equal(self->arguments[i].name, name))
            return false;
    }
    self->arguments[self->count++] = (rest_argument_t){name, value};
    return true;
}

text_t rest_query_get(const rest_query_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (text_equal(self->arguments[i].name, text_of(name)))
            return self->arguments[i].value;
    }
    return (text_t){NULL, 0};
}

bool rest_query_read(rest_query_t *self, text_t query, char *room)
{
    while (query.length > 0) {
        const char *end = memchr(query.at, '&', query.length);
        text_t argument = {query.at, end ? (size_t)(end - query.at) : query.length};
        query = (text_t){argument.at + argument.length + (end != NULL), query.length - argument.length - (end != NULL)};
        text_t decoded;
        if (argument.length == 0 || bearer_is_argument(argument))
            continue;
        if (!http_decode(HTTP_QUERY, argument, room, &decoded) || !rest_query_add(self, decoded))
            return false;
        room += argument.length;
    }
    return true;
}
