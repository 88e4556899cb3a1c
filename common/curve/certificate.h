/* A file with a key for CURVE, in the form that czmq's zcert and pyzmq's zmq.auth have, too:
 *
 *     metadata
 *         serves = "bus replay"
 *         may = "subscribe replay"
 *     curve
 *         public-key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
 *         secret-key = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
 *
 * Keys are 32 bytes in Z85 (ZeroMQ RFC 32). A file with a secret key must be its owner's alone, and nobody else may write to another one.
 */
#pragma once

#include "common/text.h"
#include "common/trusted_file.h"

enum {
    CERTIFICATE_KEY = 40,          /* characters */
    CERTIFICATE_BYTES_MAX = 16384, /* of a file */
    CERTIFICATE_MAY_MAX = 4096,
    CERTIFICATE_SERVES_MAX = 64
};

typedef struct {
    char public_key[CERTIFICATE_KEY + 1], secret_key[CERTIFICATE_KEY + 1]; /* the latter may be empty */
    char may[CERTIFICATE_MAY_MAX];                                         /* what its owner may (rights.h) */
    char serves[CERTIFICATE_SERVES_MAX]; /* words: what is asked of its owner: bus, replay, history */
} certificate_t;

/* False, with a reason that has no secret in it. */
bool certificate_parse(certificate_t *self, text_t content, char why[static TRUSTED_FILE_WRONG_MAX]);

/* The one of another, or with `own` that of this process, which must have its secret key. False, and `wrong` has the path and the reason. */
bool certificate_read(certificate_t *self, const char *path, char wrong[static TRUSTED_FILE_WRONG_MAX]);
bool certificate_read_own(certificate_t *self, const char *path, char wrong[static TRUSTED_FILE_WRONG_MAX]);

/* Overwrites what is secret. */
void certificate_forget(certificate_t *self);
