/* Who is connected to a ZeroMQ socket that this process has bound, how much memory each peer occupies, and which one has to go.
 *
 * libzmq bounds its queues by messages, shows nothing of a message before its last frame is there, and has no call to refuse or to end
 * a connection. But its monitor reports each connection's descriptor, each message names its connection, the kernel counts what a
 * connection received and what it has taken, and a connection whose descriptor is shut down ends:
 *
 *     monitor: accepted ──▶ address or number not admitted ──▶ shut down
 *     ZAP: asked about  ──▶ the connection's id, which is the "User-Id" of its messages
 *     a message         ──▶ is counted as taken, for its id
 *     watch, a thread   ──▶ 20 times a second: received - taken = what waits, or is a message that never ends; what waits for those who
 *                           do not read; the greediest peer is shut down. At once where the loop stands still in a call of libzmq
 *
 * The watch is a separate thread because libzmq reads subscriptions for as long as more arrive, on any thread that asks it for anything: the
 * loop stands still meanwhile. For a connection over ipc the kernel counts nothing: there the file's permissions decide who may connect.
 */
#pragma once

#include "common/config/config.h"
#include "common/text.h"
#include "common/zeromq/guard_config.h"

/* For the guards that are made from now on: what a section ("connectord") of the configuration, which outlives them, says; so many sockets share
 * the memory. Before the first call: this machine's own addresses, and the defaults above. */
void guard_read(const config_t *config, const char *section, size_t sockets);

/* NULL when memory runs out. */
guard_t *guard_new(const guard_socket_t *socket);
void guard_destroy(guard_t **self);

/* The socket is bound there, too (ZMQ_LAST_ENDPOINT). */
void guard_bound(guard_t *self, const char *endpoint);

/* The monitor's events, in its order. */
void guard_accepted(guard_t *self, int fd);
void guard_disconnected(guard_t *self, int fd);

/* A handshake failed on a connection that has not been told of as disconnected yet. reason: as for guard_drop. */
void guard_failed(guard_t *self, int fd, const char *reason);

/* All its connections are about to end, and the monitor will not tell of it: as if it had. */
void guard_forget(guard_t *self);

/* ZAP asks about a connection from that address. Is it admitted? And the id of the next connection, never 0. After what the monitor had reported by
 * then: a connection is reported before ZAP asks about it. */
bool guard_admits(const guard_t *self, text_t address);
uint64_t guard_next_id(guard_t *self);

/* Who sent the message that names that id and descriptor; NULL: it has gone. */
guard_peer_t *guard_peer(guard_t *self, uint64_t id, int fd);
uint64_t guard_peer_id(const guard_peer_t *peer);

/* A message of this many bytes was taken from it. */
void guard_took(guard_peer_t *peer, size_t bytes);

/* Nothing is waiting from anybody. */
void guard_drained(guard_t *self);

/* Before a call of libzmq for the socket, and after it. Inside it may read what peers send for as long as more arrives, and the loop stands still.
 * self may be NULL. */
void guard_enter(guard_t *self);
void guard_leave(guard_t *self);

/* This many bytes were published, as one message. */
void guard_published(guard_t *self, size_t bytes);

/* The peer has to go. reason: a literal, "word: why": metrics have the word, the log has all of it. What it sent before may still arrive. */
void guard_drop(guard_t *self, guard_peer_t *peer, const char *reason);
void guard_drop_id(guard_t *self, uint64_t id, const char *reason);
bool guard_is_dropped(const guard_peer_t *peer);

/* Its routing id, at a ROUTER: 1 to 255 bytes; empty where nobody has said. */
void guard_set_route(guard_peer_t *peer, text_t route);
text_t guard_route(const guard_peer_t *peer);

/* With CURVE: its public key, in Z85 (empty where nobody has said), and a hash of what that may. */
void guard_set_key(guard_peer_t *peer, text_t key, uint64_t rights);
text_t guard_key(const guard_peer_t *peer);
uint64_t guard_rights(const guard_peer_t *peer);

/* It asked for so many bytes of subscriptions that it may not have, and that libzmq keeps all the same. Where all have asked for too much, whoever did for the
 * most has to go. */
void guard_denied(guard_t *self, guard_peer_t *peer, size_t bytes);

/* Number 0, 1, 2 …; NULL beyond the last. */
guard_peer_t *guard_at(const guard_t *self, size_t number);

/* Bytes that may wait for its peers. */
uint64_t guard_share_bytes(const guard_t *self);
