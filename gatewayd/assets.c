#include "gatewayd/assets.h"

#include <stdio.h>

/* The assembler puts a file's bytes between two labels. Paths are relative to the folder that make runs in. */
#define EMBED(name, path)                                                                                                      \
    __asm__(".pushsection .rodata\n"                                                                                           \
            ".global asset_" #name "_begin\nasset_" #name "_begin:\n.incbin \"" path "\"\n"                                    \
            ".global asset_" #name "_end\nasset_" #name "_end:\n.byte 0\n.popsection\n");                                      \
    extern const char asset_##name##_begin[], asset_##name##_end[]

EMBED(index, "gatewayd/web/index.html");
EMBED(style, "gatewayd/web/style.css");
EMBED(app, "gatewayd/web/app.js");
EMBED(client, "gatewayd/web/client.js");
EMBED(table, "gatewayd/web/table.js");
EMBED(openapi, "gatewayd/openapi.json");
EMBED(icon, "gatewayd/web/icon.svg");

static const struct {
    const char *path, *content_type, *begin, *end;
} files[] = {
    {"/", "text/html; charset=utf-8", asset_index_begin, asset_index_end},
    {"/style.css", "text/css; charset=utf-8", asset_style_begin, asset_style_end},
    {"/app.js", "text/javascript; charset=utf-8", asset_app_begin, asset_app_end},
    {"/client.js", "text/javascript; charset=utf-8", asset_client_begin, asset_client_end},
    {"/table.js", "text/javascript; charset=utf-8", asset_table_begin, asset_table_end},
    {"/api/v1/openapi.json", "application/json", asset_openapi_begin, asset_openapi_end},
    {"/icon.svg", "image/svg+xml", asset_icon_begin, asset_icon_end},
};

/* FNV-1a, 64 bits. It only tells versions apart. */
static uint64_t digest(text_t bytes)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < bytes.length; i++)
        hash = (hash ^ (unsigned char)bytes.at[i]) * UINT64_C(1099511628211);
    return hash;
}

bool asset_find(text_t path, asset_t *asset)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!text_equal(path, text_of(files[i].path)))
            continue;
        text_t bytes = {files[i].begin, (size_t)(files[i].end - files[i].begin)};
        *asset = (asset_t){.path = files[i].path, .content_type = files[i].content_type, .bytes = bytes};
        snprintf(asset->etag, sizeof asset->etag, "\"%016llx\"", (unsigned long long)digest(bytes));
        return true;
    }
    return false;
}
