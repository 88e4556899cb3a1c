/* A proxy says on a new connection for whom it is (proxy_header.h): read from the descriptor up to the header's last byte and no further, so that what follows is
 * read by whoever goes on, OpenSSL too. For boundary files.
 */
#pragma once

#include "common/proxy/proxy_header.h"

typedef struct introduction introduction_t;

/* NULL when memory runs out. */
introduction_t *introduction_new(void);
void introduction_destroy(introduction_t **self);

typedef enum {
    INTRODUCTION_WAITS, /* for more */
    INTRODUCTION_DONE,
    INTRODUCTION_WRONG, /* what came is no such header */
    INTRODUCTION_ENDED  /* the peer is gone */
} introduction_result_t;

/* Takes what has come; the descriptor does not block. DONE: *client is whom the connection is for, or as it was where that is the proxy itself. */
introduction_result_t introduction_read(introduction_t *self, int fd, ip_address_t *client);
