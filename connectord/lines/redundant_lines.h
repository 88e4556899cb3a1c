/* The lines of one source: several connections to the same exchange, with the same settings, of which one is enough.
 *
 *     exchange ═══ line 0 (source.h) ═══╗
 *              ═══ line 1 (source.h) ═══╩══▶ on_trade: the first copy of a trade is taken, the receiver recognizes the second
 *
 * An exchange that can't be asked for what was missed is followed without a loss by two lines: while one reconnects the other carries
 * on. To the outside they are one source: connected while any line is; lost when the last one is; restored when one is back.
 *
 * Lines are rotated before the exchange cuts them: every rotate_ms (rotation.h) each line reconnects, in turn, and only while every other line
 * has been connected for settle_ms, and for as long as its subscriptions may take, so that it certainly delivers. A line that lags, because the
 * network or this process does, may hold trades from before the others started: it is not rotated before it has delivered them. Nor is one that
 * alone has a symbol, because its subscription fails on all others.
 * A single line is rotated, too, where the exchange can be asked for what it missed: the source is lost then, for a moment.
 *
 * All lines together send the exchange no more than messages_per_minute.
 *
 * Late trades must not be taken for new: the receiver is told which line a trade comes from, and which lines exist, so that it
 * can remember ids until every line has passed them.
 */
#pragma once

#include "connectord/lines/redundant_lines_events.h"

/* config->lines lines. `config` is moved from, as by source_new. `events` is kept, not copied. NULL with a log line. */
redundant_lines_t *redundant_lines_new(loop_t *loop, web_t *web, source_config_t *config,
                                       const redundant_lines_events_t *events, void *arg);

/* The same with a connector that need not be in the table. */
redundant_lines_t *redundant_lines_new_with(const connector_t *connector, loop_t *loop, web_t *web, source_config_t *config,
                                            const redundant_lines_events_t *events, void *arg);

/* As in source.h, for every line. A failed change of symbols may have been made for some lines; it can be retried. */
void redundant_lines_start(redundant_lines_t *self);
void redundant_lines_want(redundant_lines_t *self, text_t symbol);
void redundant_lines_release(redundant_lines_t *self, text_t symbol);
bool redundant_lines_change_symbols(redundant_lines_t *self, source_config_t *symbols);
const source_config_t *redundant_lines_config(const redundant_lines_t *self);

/* Records as these settings say from now on (recorder.h); of theirs only the record… count. */
void redundant_lines_record(redundant_lines_t *self, const source_config_t *settings);

size_t redundant_lines_count(const redundant_lines_t *self);
size_t redundant_lines_connected(const redundant_lines_t *self);
bool redundant_lines_is_up(const redundant_lines_t *self, size_t line);

/* Is any line that is up subscribed to the symbol? When one last received a message (since 1970); 0: none has. */
bool redundant_lines_has(const redundant_lines_t *self, text_t symbol);
int64_t redundant_lines_heard_ns(const redundant_lines_t *self);

/* As source_describe, of all lines (lines_status.h). */
void redundant_lines_describe(redundant_lines_t *self, status_t *status);

/* As source_post, to the first line: others would get the same. */
bool redundant_lines_post(redundant_lines_t *self, http_connection_t *from, const http_request_t *request);

/* As source_lose. */
bool redundant_lines_lose(redundant_lines_t *self, text_t reason);
void redundant_lines_stop(redundant_lines_t *self);
void redundant_lines_destroy(redundant_lines_t **self);
