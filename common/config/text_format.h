/* The forms of texts in the configuration: an address, an endpoint, a symbol, … */
#pragma once

#include "common/buffer.h"

typedef enum {
    FORMAT_ANY,      /* UTF-8 without control characters, at most 4096 bytes; this holds for all the others */
    FORMAT_PATH,     /* of a file or a directory */
    FORMAT_CHOICE,   /* one of some words */
    FORMAT_ADDRESS,  /* HOST:PORT, [v6]:PORT */
    FORMAT_ENDPOINT, /* what ZeroMQ connects to: tcp://HOST:PORT, ipc://PATH */
    FORMAT_BIND,     /* what ZeroMQ binds: the same, where HOST may be * for all interfaces */
    FORMAT_URL,      /* ws://HOST[:PORT][/…], wss://…, http://…, https://… */
    FORMAT_ORIGIN,   /* what a browser sends as Origin: SCHEME://HOST[:PORT], or null; or * for all of them */
    FORMAT_HOST,     /* what a Host header may name: a name or an address, without a port, or * for all of them */
    FORMAT_NETWORK,  /* network.h: local, any, an address, ADDRESS/BITS */
    FORMAT_RANGE,    /* an address or ADDRESS/BITS */
    FORMAT_SOURCE,   /* topic.h: source_valid */
    FORMAT_SYMBOL,   /* topic.h: subject_valid, or every key of a channel; of a channel that is not reserved */
    FORMAT_CHANNEL,  /* topic.h: channel_valid, and not reserved */
    FORMAT_PATTERN,  /* of symbols: '*' for any run of characters, else what symbols have */
    FORMAT_CHANNELS, /* a pattern of channels: '*' for any run of characters, else what channels have */
    FORMAT_POINTER,  /* a JSON Pointer (RFC 6901) that is not empty */
    FORMAT_KEYS, /* a path, https://…, or http://… on this machine: who listens in between could put keys of its own there */
    FORMAT_STORE /* memory:, sqlite:///PATH, postgres://…, redis://… */
} text_format_t;

/* Does the text have this form? An empty one never does. choices: the words of FORMAT_CHOICE, "always|demand"; NULL for other forms. */
bool text_format_matches(text_format_t format, const char *choices, text_t text);

/* The form for a message: "HOST:PORT", "one of always, demand". */
void text_format_describe(text_format_t format, const char *choices, buffer_t *out);

/* Appends the text without secrets, for messages and --print: of a URL or a store, what is before
 * an '@' and after a '?' becomes "***", and of a URL each part of the path that is not a common word (ws, v1, stream, …). Does so for
 * texts that are not of the form, too. */
void text_format_append_masked(text_format_t format, text_t text, buffer_t *out);
