/* permessage-deflate on a connection of libwebsockets, instead of its own: that compresses for each client anew, and has some 256 KiB for each. Here
 * lws only lets the bit of a compressed frame pass (RSV1); frames are packed in the rings and unpacked in ws.c, by pack.h. For
 * boundary files. */
#pragma once

#include "gatewayd/pack.h"

struct lws;
struct lws_extension;

/* What a connection has agreed on. */
typedef struct {
    unsigned char offers; /* looked at so far */
    bool agreed;
    pack_terms_t terms;
} deflate_t;

/* For lws's vhost. */
extern const struct lws_extension *const deflate_extensions;

/* LWS_CALLBACK_CONFIRM_EXTENSION_OKAY, once for each offer, and LWS_CALLBACK_ADD_HEADERS; what they return is for libwebsockets. */
int deflate_on_offer(deflate_t *self, struct lws *wsi);
int deflate_on_headers(const deflate_t *self, void *args);
