/* Who may come in, and as what: all that gatewayd.auth and gatewayd.roles say, for the doors.
 *
 *     identity_t identity;
 *     auth_refusal_t refusal = auth_admit(auth, token, &identity);
 *     if (refusal != AUTH_GRANTED)
 *         …auth_refusal_words (refusal)->status, auth_refusal_put_challenge (refusal, &value)…
 *
 * A door keeps the identity for as long as the connection lasts, ends it at identity.expires_ns, and asks the identity's role what it may (roles.h).
 * Without authentication (gatewayd.auth.mode: none) everybody is let in, with or without a token, as "everyone".
 */
#pragma once

#include "common/loop/loop.h"
#include "gatewayd/auth/identity_reader.h"
#include "gatewayd/auth/key_source.h"

typedef struct auth auth_t;

/* Reads gatewayd.auth and gatewayd.roles; the configuration may go then. NULL with a log line: a file of keys can't be used, or memory runs out. */
auth_t *auth_new(loop_t *loop, const config_t *config);
void auth_destroy(auth_t **self);

/* The mistakes in the files of keys, as options_check_fn. URLs are not asked. */
bool auth_check(const config_t *config, void (*report)(const char *mistake));

/* On SIGHUP: roles, keys and all the rest are read again, and URLs asked; but for `mode`, which is that of the start. False, with a log line, and nothing
 * changes, when a file can't be used. Identities keep their roles: auth_renew. */
bool auth_reload(auth_t *self, const config_t *config);

/* Is it a key whose value auth_reload takes? */
bool auth_takes(const char *key);

/* Are tokens needed? */
bool auth_is_needed(const auth_t *self);

/* Who everybody is that brings no token; NULL: tokens are needed. Valid as long as `self`. */
const identity_t *auth_everyone(const auth_t *self);

/* The one call of a door. token: empty if nobody brought one. AUTH_GRANTED: *out is to be released (identity_release); else it is empty. */
auth_refusal_t auth_admit(auth_t *self, text_t token, identity_t *out);

/* After auth_reload: gives an identity the role that its name has now. False if that role is gone: the identity is as it was. */
bool auth_renew(const auth_t *self, identity_t *identity);

/* Is there a key at least? Not while a URL has not answered yet; for /ready. */
bool auth_is_ready(const auth_t *self);

/* How many were let in (AUTH_GRANTED), and refused for what reason, since the start. */
uint64_t auth_count(const auth_t *self, auth_refusal_t refusal);
