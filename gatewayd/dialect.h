/* What the gateway's doors say differently: how a message stands in a frame, what getRecentTrades takes, how results and
 * errors read. The hub answers as the .NET server did: proto/signalr.md, "Dialect", is the same as a table.
 */
#pragma once

#include "common/buffer.h"

typedef enum {
    DIALECT_RPC,     /* of /ws and REST; a message stands in a frame as it is */
    DIALECT_DEFLATE, /* the same, but compressed by itself (pack.h), or as it is where that is not shorter */
    DIALECT_SIGNALR, /* of the hub; as the argument of an invocation of ReceiveMessage */
    DIALECT_COUNT
} dialect_t;

/* What getRecentTrades takes. */
typedef struct {
    uint64_t count;     /* trades, where the client names no number */
    bool needs_channel; /* else it may be absent */
} dialect_recent_t;

const dialect_recent_t *dialect_recent(dialect_t dialect);

/* Does the result that is an object with this list as a member go out in another form? */
bool dialect_unwraps(dialect_t dialect, const char *list);

/* Appends an answer's ,"result":… and what stands beside it. `result` is valid JSON; list: the member of it that is what was
 * asked for, NULL where all of it is. False when it has no such list. */
bool dialect_put_result(dialect_t dialect, const char *list, text_t result, buffer_t *out);

/* Appends an answer's ,"error":{…}. code: of rpc.h; message: what was wrong, for people. */
void dialect_put_error(dialect_t dialect, int code, text_t message, buffer_t *out);
