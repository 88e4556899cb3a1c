/* What a connector or a source tells for recordings, where a test has none. */
#pragma once

#include "connectord/recording/recorded_line.h"

static inline void on_received(void *arg, text_t message, int64_t received_ns)
{
    (void)arg, (void)message, (void)received_ns;
}

static inline void on_mark(void *arg, const recorded_line_t *mark)
{
    (void)arg, (void)mark;
}
