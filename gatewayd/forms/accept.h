/* What an HTTP client accepts, and already has (RFC 9110). */
#pragma once

#include "common/buffer.h"

/* Does an Accept-Encoding accept gzip? Not if it says nothing, or q=0. */
bool accept_gzip(text_t accept_encoding);

/* Is the tag among those of an If-None-Match? Weak tags match, too, and so do tags to which a server in between
 * has added how it compressed the body ("…-gzip"). `tag` is with its quotes, without W/. */
bool accept_has_tag(text_t if_none_match, text_t tag);

/* A tag for the bytes: "<16 digits>", with the quotes, and a NUL. */
enum { ACCEPT_TAG_SIZE = 19 };
void accept_tag(char out[static ACCEPT_TAG_SIZE], text_t bytes);

enum {
    GZIP_MIN = 1024,   /* shorter bodies are not compressed */
    GZIP_MAX = 1 << 20 /* nor are longer ones, since compressing blocks the loop: about 10 ms for this */
};

/* Appends the bytes compressed. False when memory runs out. */
bool accept_compress(buffer_t *out, text_t bytes);
