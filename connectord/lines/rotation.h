/* When which of a source's lines (redundant_lines.h) is renewed: each of them every so often, in turn, so that the exchange does not cut it at a moment of its own.
 *
 * A line that can't be spared yet is tried again soon, and the others wait for it.
 */
#pragma once

#include "common/loop/loop.h"
#include "connectord/connectors/connector.h"

typedef struct rotation rotation_t;

/* It is the line's turn. False: not yet. */
typedef bool rotation_turn_fn(void *arg, size_t line);

/* Each of config->lines is renewed every rotate_ms, or else when nine tenths of a connection's life are over; where that has no end either, never. A single line
 * is renewed only where the exchange can be asked for what is missed meanwhile. `connector`: NULL for an unknown one. NULL when memory runs out. */
rotation_t *rotation_new(loop_t *loop, const source_config_t *config, const connector_t *connector, rotation_turn_fn *on_turn,
                         void *arg);

/* The first turn comes a step later. Once stopped it goes on where it was. */
void rotation_start(rotation_t *self);
void rotation_stop(rotation_t *self);
void rotation_destroy(rotation_t **self);
