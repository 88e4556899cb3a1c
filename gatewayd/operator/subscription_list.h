/* Who takes what, for operators: operator_lists.h says what the two do. One pass over all subjects that clients take, or that the client does, of which a page
 * is printed. */
#pragma once

#include "gatewayd/operator/operator_lists.h"

subscription_list_t subscription_list_print(const hub_t *hub, text_t after, size_t count, buffer_t *out);
subscription_list_t subscription_list_print_client(const hub_t *hub, uint64_t client, text_t after, size_t count,
                                                   buffer_t *out);
