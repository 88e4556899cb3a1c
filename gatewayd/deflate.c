#include "gatewayd/deflate.h"

#include <libwebsockets.h>
#include <stdio.h>

#define NAME "permessage-deflate"

enum { OFFERS_MAX = 256 /* lws refuses longer ones */ };

/* 0 in everything leaves a message to lws's next step as it is. */
static int on_extension(struct lws_context *context, const struct lws_extension *extension, struct lws *wsi,
                        enum lws_extension_callback_reasons reason, void *user, void *in, size_t length)
{
    static const struct lws_ext_options none[] = {{0}}; /* lws would repeat those that were offered; the answer is ours */
    (void)context, (void)extension, (void)wsi, (void)user, (void)length;
    if (reason == LWS_EXT_CB_CONSTRUCT)
        *(const struct lws_ext_options **)in = none;
    return 0;
}

static const struct lws_extension extensions[] = {{.name = NAME, .callback = on_extension}, {0}};
const struct lws_extension *const deflate_extensions = extensions;

int deflate_on_offer(deflate_t *self, struct lws *wsi)
{
    char offers[OFFERS_MAX];
    int length = lws_hdr_copy(wsi, offers, sizeof offers, WSI_TOKEN_EXTENSIONS);
    self->agreed = length > 0 && pack_accepts((text_t){offers, (size_t)length}, self->offers++, &self->terms);
    return self->agreed ? 0 : 1;
}

/* Neither side may build on the messages before: what we send is packed once for all, and what we get is unpacked with no memory for each client. That
 * has to stand in the answer, also of a client that did not offer it, which lws can't do; its line with the name is the last one. */
int deflate_on_headers(const deflate_t *self, void *in)
{
    static const char line[] = NAME "\r\n";
    struct lws_process_html_args *args = in;
    size_t length = sizeof line - 1;
    if (!self->agreed)
        return 0;
    if (memcmp(args->p - length, line, length) != 0)
        return -1;
    args->p -= 2;
    char window[40] = "";
    if (self->terms.window)
        snprintf(window, sizeof window, "; server_max_window_bits=%d", PACK_WINDOW_BITS);
    int wrote =
        snprintf(args->p, (size_t)args->max_len, "; server_no_context_takeover; client_no_context_takeover%s\r\n", window);
    if (wrote < 0 || wrote >= args->max_len)
        return -1;
    args->p += wrote;
    return 0;
}
