#include "gatewayd/operator/operator_path.h"

#define PREFIX  "/api/v1/"
#define SOURCES PREFIX "sources/"
#define SYMBOLS "/symbols"
#define HISTORY PREFIX "history"

static const char *const methods[] = {
    [OPERATOR_CLIENTS] = "GET, HEAD, OPTIONS", [OPERATOR_SUBSCRIPTIONS] = "GET, HEAD, OPTIONS",
    [OPERATOR_OFFERS] = "GET, HEAD, OPTIONS",  [OPERATOR_SYMBOL] = "PUT, DELETE, OPTIONS",
    [OPERATOR_DRAIN] = "POST, OPTIONS",        [OPERATOR_HISTORY] = "DELETE, OPTIONS",
};

static text_t behind(text_t text, size_t length)
{
    return (text_t){text.at + length, text.length - length};
}

/* <source>/symbols or <source>/symbols/<symbol>. The name of a source may have a '/', a symbol has none: the last one counts. */
static bool find_symbols(text_t rest, operator_target_t *target)
{
    const text_t word = TEXT(SYMBOLS);
    const char *slash = rest.length > 0 ? memrchr(rest.at, '/', rest.length) : NULL;
    text_t before = {rest.at, slash ? (size_t)(slash - rest.at) : 0};
    if (text_ends_with(rest, word) && rest.length > word.length) {
        target->place = OPERATOR_OFFERS;
        target->source = (text_t){rest.at, rest.length - word.length};
        return true;
    }
    if (!text_ends_with(before, word) || before.length == word.length)
        return false;
    target->place = OPERATOR_SYMBOL;
    target->source = (text_t){before.at, before.length - word.length};
    target->symbol = behind(rest, before.length + 1);
    return target->symbol.length > 0;
}

/* Nothing, a symbol, or <channel>/<key>. */
static bool find_history(text_t rest, operator_target_t *target)
{
    target->place = OPERATOR_HISTORY;
    if (rest.length == 0)
        return true;
    target->symbol = behind(rest, 1);
    const char *slash = target->symbol.length > 0 ? memchr(target->symbol.at, '/', target->symbol.length) : NULL;
    const char *end = target->symbol.at + target->symbol.length;
    return rest.at[0] == '/' && target->symbol.length > 0 &&
           (!slash || (slash > target->symbol.at && slash + 1 < end && !memchr(slash + 1, '/', (size_t)(end - slash - 1))));
}

bool operator_find(text_t path, operator_target_t *target)
{
    static const struct {
        text_t path;
        operator_place_t place;
    } plain[] = {{TEXT_CONST(PREFIX "clients"), OPERATOR_CLIENTS},
                 {TEXT_CONST(PREFIX "subscriptions"), OPERATOR_SUBSCRIPTIONS},
                 {TEXT_CONST(PREFIX "drain"), OPERATOR_DRAIN}};
    *target = (operator_target_t){.symbol = {"", 0}};
    if (path.length > 0 && path.at[path.length - 1] == '/')
        path.length--;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (text_equal(path, plain[i].path)) {
            target->place = plain[i].place;
            return true;
        }
    }
    if (text_starts_with(path, TEXT(SOURCES)))
        return find_symbols(behind(path, sizeof SOURCES - 1), target);
    return text_starts_with(path, TEXT(HISTORY)) && find_history(behind(path, sizeof HISTORY - 1), target);
}

const char *operator_methods(operator_place_t place)
{
    return methods[place];
}

bool operator_takes(operator_place_t place, text_t method)
{
    text_t list = text_of(methods[place]);
    while (list.length > 0) {
        const char *comma = memchr(list.at, ',', list.length);
        text_t one = {list.at, comma ? (size_t)(comma - list.at) : list.length};
        if (text_equal(one, method))
            return true;
        list = behind(list, comma ? one.length + 2 : one.length);
    }
    return false;
}
