#include "gatewayd/web/assets.h"

#include "gatewayd/forms/accept.h"

#include <stdio.h>

/* The assembler puts a file's bytes between two labels. Paths are relative to the folder that make runs in. */
#define EMBED(name, path)                                                                                                      \
    __asm__(".pushsection .rodata\n"                                                                                           \
            ".global asset_" #name "_begin\nasset_" #name "_begin:\n.incbin \"" path "\"\n"                                    \
            ".global asset_" #name "_end\nasset_" #name "_end:\n.byte 0\n.popsection\n");                                      \
    extern const char asset_##name##_begin[], asset_##name##_end[]

EMBED(index, "gatewayd/web/index.html");
EMBED(style, "gatewayd/web/style.css");
EMBED(icon, "gatewayd/web/icon.svg");
EMBED(access, "gatewayd/web/access.js");
EMBED(app, "gatewayd/web/app.js");
EMBED(candles, "gatewayd/web/candles.js");
EMBED(channel, "gatewayd/web/channel.js");
EMBED(chart, "gatewayd/web/chart.js");
EMBED(charts, "build/web/charts.js"); /* the library; empty where it could not be had */
EMBED(client, "gatewayd/web/client.js");
EMBED(compare, "gatewayd/web/compare.js");
EMBED(coverage, "gatewayd/web/coverage.js");
EMBED(decimal, "gatewayd/web/decimal.js");
EMBED(exact, "gatewayd/web/exact.js");
EMBED(grid, "gatewayd/web/grid.js");
EMBED(ledger, "gatewayd/web/ledger.js");
EMBED(market, "gatewayd/web/market.js");
EMBED(past, "gatewayd/web/past.js");
EMBED(picker, "gatewayd/web/picker.js");
EMBED(plot, "gatewayd/web/plot.js");
EMBED(rate, "gatewayd/web/rate.js");
EMBED(recent, "gatewayd/web/recent.js");
EMBED(records, "gatewayd/web/records.js");
EMBED(shortcuts, "gatewayd/web/shortcuts.js");
EMBED(sources, "gatewayd/web/sources.js");
EMBED(strip, "gatewayd/web/strip.js");
EMBED(table, "gatewayd/web/table.js");
EMBED(theme, "gatewayd/web/theme.js");
EMBED(timeline, "gatewayd/web/timeline.js");
EMBED(upstream, "gatewayd/web/upstream.js");
EMBED(openapi, "gatewayd/openapi.json");

#define SCRIPT(name)                                                                                                           \
    {                                                                                                                          \
        "/" #name ".js", "text/javascript; charset=utf-8", asset_##name##_begin, asset_##name##_end                            \
    }

static const struct {
    const char *path, *content_type, *begin, *end;
} files[] = {
    {"/", "text/html; charset=utf-8", asset_index_begin, asset_index_end},
    {"/style.css", "text/css; charset=utf-8", asset_style_begin, asset_style_end},
    {"/icon.svg", "image/svg+xml", asset_icon_begin, asset_icon_end},
    SCRIPT(access),
    SCRIPT(app),
    SCRIPT(candles),
    SCRIPT(channel),
    SCRIPT(chart),
    SCRIPT(charts),
    SCRIPT(client),
    SCRIPT(compare),
    SCRIPT(coverage),
    SCRIPT(decimal),
    SCRIPT(exact),
    SCRIPT(grid),
    SCRIPT(ledger),
    SCRIPT(market),
    SCRIPT(past),
    SCRIPT(picker),
    SCRIPT(plot),
    SCRIPT(rate),
    SCRIPT(recent),
    SCRIPT(records),
    SCRIPT(shortcuts),
    SCRIPT(sources),
    SCRIPT(strip),
    SCRIPT(table),
    SCRIPT(theme),
    SCRIPT(timeline),
    SCRIPT(upstream),
    {"/api/v1/openapi.json", "application/json", asset_openapi_begin, asset_openapi_end},
};

/* FNV-1a, 64 bits. It only tells versions apart. */
static uint64_t digest(text_t bytes)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < bytes.length; i++)
        hash = (hash ^ (unsigned char)bytes.at[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Made once, and kept while the program lives. */
static text_t packed_of(size_t number, text_t bytes)
{
    static buffer_t packed[sizeof files / sizeof *files];
    buffer_t *of_file = &packed[number];
    if (of_file->length == 0 && bytes.length >= GZIP_MIN) {
        *of_file = buffer_new(0);
        accept_compress(of_file, bytes);
    }
    return buffer_ok(of_file) ? buffer_text(of_file) : TEXT("");
}

bool asset_find(text_t path, asset_t *asset)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!text_equal(path, text_of(files[i].path)))
            continue;
        text_t bytes = {files[i].begin, (size_t)(files[i].end - files[i].begin)};
        *asset = (asset_t){
            .path = files[i].path, .content_type = files[i].content_type, .bytes = bytes, .packed = packed_of(i, bytes)};
        snprintf(asset->etag, sizeof asset->etag, "\"%016llx\"", (unsigned long long)digest(bytes));
        return true;
    }
    return false;
}
