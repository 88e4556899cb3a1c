/* Who may post to a source: whoever brings its token ("Authorization: Bearer TOKEN"), and does not guess (guesses.h). */
#pragma once

#include "common/net/guesses.h"
#include "connectord/connectors/source_config.h"

enum { PUSH_TOKEN_MIN = 16, PUSH_TOKEN_MAX = 1024, PUSH_ACCESS_ERROR_MAX = 512 };

typedef struct {
    char token[PUSH_TOKEN_MAX]; /* never logged */
    size_t length;
    guesses_t *guesses; /* owned */
} push_access_t;

typedef enum {
    PUSH_ALLOWED,
    PUSH_UNNAMED, /* no token came */
    PUSH_WRONG,
    PUSH_LATER /* too many wrong ones came from this address: none is looked at for *wait_ms */
} push_verdict_t;

/* Takes the source's `token`, or what stands in its `token_file`. False with `error`: the setting, what was expected, what was found; or memory runs out.
 * push_access_release after both. */
bool push_access_init(push_access_t *self, const source_config_t *config, char error[static PUSH_ACCESS_ERROR_MAX]);
void push_access_release(push_access_t *self);

/* authorization: the field's value; empty for none. peer: the address as text. now_ns: of clock_mono_ns. */
push_verdict_t push_access_judge(push_access_t *self, text_t authorization, text_t peer, int64_t now_ns, uint64_t *wait_ms);
