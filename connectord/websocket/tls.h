/* TLS as a client speaks it, between bytes and bytes: it knows no sockets. What the peer has sent is fed in, what the peer is to be sent
 * comes out. 1.2 and later.
 *
 * The peer's certificate is checked: its chain, its dates, and that it names the host; or the address, where the URL has one.
 */
#pragma once

#include "common/text.h"

enum { TLS_WRONG_MAX = 160 };

/* Whose certificates are believed, for any number of connections, one after another or at a time. It must outlive them. */
typedef struct tls_trust tls_trust_t;

/* ca: a file of certificates in PEM; empty: the system's, which take some 30 ms to read. NULL: *wrong says why they can't be read. */
tls_trust_t *tls_trust_new(const char *ca, const char **wrong);
void tls_trust_destroy(tls_trust_t **self);

typedef struct tls tls_t;

/* host: a name, or a numeric address. NULL without memory. */
tls_t *tls_new(tls_trust_t *trust, const char *host);
void tls_destroy(tls_t **self);

typedef enum {
    TLS_DONE,
    TLS_WAITING, /* for more from the peer */
    TLS_ENDED,   /* the peer has said that nothing follows */
    TLS_FAILED   /* tls_wrong says why; it is no longer usable, but for what is to be sent */
} tls_result_t;

/* What the peer has sent: tls_shake_hands or tls_read use it. False without memory. */
bool tls_feed(tls_t *self, text_t bytes);

/* Begins, and continues whenever something was fed, until it is DONE. */
tls_result_t tls_shake_hands(tls_t *self);

/* DONE: *text is some of what the peer has said. It stays valid until any connection with the same trust reads, whatever becomes of this one.
 * Read until it is WAITING: what was fed is used up then. */
tls_result_t tls_read(tls_t *self, text_t *text);

/* Once hands are shaken. False when it can't be. */
bool tls_write(tls_t *self, text_t text);

/* Nothing follows what was written. */
void tls_end(tls_t *self);

/* What is to be sent to the peer, after any of the calls above. Valid up to the next of them. */
text_t tls_output(const tls_t *self);
void tls_was_sent(tls_t *self); /* all of that */

/* Why it failed: "certificate: self-signed certificate". Valid as long as it is. */
const char *tls_wrong(const tls_t *self);
