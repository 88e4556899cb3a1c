/* One side of a JSON-RPC conversation, whose answers are kept, one a line. */
#pragma once

#include "gatewayd/forms/rpc.h"

#include "tests/unit/run_tests.h"

static rpc_counts_t counts;
static rpc_t *rpc;
static buffer_t answers;

static inline void rpc_begin(const rpc_events_t *events)
{
    counts = (rpc_counts_t){0};
    rpc = rpc_new(events, NULL, &counts, DIALECT_RPC);
    answers = buffer_new(0);
}

static inline void rpc_end(void)
{
    rpc_destroy(&rpc);
    buffer_release(&answers);
}

static inline void keep_answer(text_t json)
{
    buffer_append(&answers, json);
    buffer_append(&answers, TEXT("\n"));
}

static inline void say(const char *message)
{
    rpc_receive(rpc, text_of(message));
}

static inline void expect(const char *expected)
{
    ck_assert_msg(text_equal(buffer_text(&answers), text_of(expected)), "expected %sfound    %.*s", expected,
                  TEXT_ARG(buffer_text(&answers)));
    buffer_clear(&answers);
}
