/* The gateway's clients, for operators: operator_lists.h says what the two do. */
#pragma once

#include "gatewayd/operator/operator_lists.h"

enum {
    CLIENT_LIST_PIECE_CLIENTS = 50,  /* of a piece, at most, or … */
    CLIENT_LIST_PIECE_STREAMS = 2000 /* … until so many of their streams have been looked at */
};

void client_list_begin(client_list_t *self, const hub_t *hub, uint64_t after, size_t count, buffer_t *out);
bool client_list_step(client_list_t *self);
