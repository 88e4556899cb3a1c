/* The codes of JSON-RPC's errors: those of JSON-RPC 2.0, section 5.1, and our own. */
#pragma once

enum {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL_ERROR = -32603,
    RPC_UNAVAILABLE = -32000, /* something behind the gateway does not answer now, or too much waits to be read by clients */
    RPC_LIMIT = -32001,       /* too many subscriptions, or requests at one time */
    RPC_TOO_MANY = -32029,    /* requests, or bytes of answers, in a second: data.retry_ms says when to try again */
    RPC_FORBIDDEN = -32003,   /* only for who has the token */
};
