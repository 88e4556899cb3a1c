/* What a role may have of history's answers beside records, candles and intervals, which are asked for within its period (period.h): the rest tells of streams as a whole. */
#pragma once

#include "gatewayd/auth/roles.h"

/* Is there nothing to leave out for the role? NULL: it may have nothing. */
bool redaction_is_none(const role_t *role);

/* Appends a member's value as the role may have it:
 *
 *     stats     the streams that it may see; for one that may not see all times their names and retention, but nothing of what they hold
 *     coverage  for such a one without cursors: they say how far the stream was when something was found out
 *     oldest    what it may see as of now_ns
 *
 * Any other is appended as it is. value: valid JSON. */
void redaction_put(const role_t *role, int64_t now_ns, text_t key, text_t value, buffer_t *out);
