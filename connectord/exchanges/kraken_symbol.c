#include "connectord/exchanges/kraken_symbol.h"

#include "common/http_client/http_url.h"

/* The part before a mark; without a mark, the whole text. */
static text_t part_before(text_t text, char mark)
{
    const char *at = memchr(text.at, mark, text.length);
    return text_cut(text, at ? (size_t)(at - text.at) : text.length);
}

size_t kraken_symbol_print(char out[static SYMBOL_MAX], text_t symbol)
{
    memcpy(out, symbol.at, symbol.length);
    out[part_before(symbol, '-').length] = '/'; /* a valid symbol has one inside */
    return symbol.length;
}

bool kraken_symbol_read(char out[static SYMBOL_MAX], text_t spelling, text_t *symbol)
{
    if (spelling.length == 0 || spelling.length > SYMBOL_MAX)
        return false;
    size_t slash = part_before(spelling, '/').length;
    if (slash == spelling.length || part_before(spelling, '-').length < slash)
        return false;
    memcpy(out, spelling.at, spelling.length);
    out[slash] = '-';
    *symbol = (text_t){out, spelling.length};
    return true;
}

static void append_asset(buffer_t *out, text_t asset)
{
    if (text_equal(asset, TEXT("BTC")))
        asset = TEXT("XBT");
    if (text_equal(asset, TEXT("DOGE")))
        asset = TEXT("XDG");
    http_url_append_escaped(asset, out);
}

void kraken_pair_print(buffer_t *out, text_t symbol)
{
    text_t base = part_before(symbol, '-');
    append_asset(out, base);
    append_asset(out, (text_t){base.at + base.length + 1, symbol.length - base.length - 1});
}
