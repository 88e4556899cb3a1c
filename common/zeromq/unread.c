#include "common/zeromq/unread.h"

#include "common/table.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Of all peers. Its holders are the table and each account. */
typedef struct {
    atomic_size_t bytes, holders;
} total_t;

/* Of one peer. Its holders are the table and each message under way, which ZeroMQ's thread closes. */
typedef struct {
    total_t *total;
    atomic_size_t bytes, holders;
    size_t peer_length;
    char peer[];
} account_t;

/* A message's memory. */
typedef struct {
    account_t *account;
    size_t bytes; /* that it counts for */
    char body[];
} unread_body_t;

struct unread {
    size_t limit_bytes;
    total_t *total;
    table_t *accounts; /* by peer */
    size_t many;       /* with so many accounts it is time to look for idle ones */
};

enum { MANY_MIN = 64, MAPPED_BYTES = 256 << 10 };

static text_t peer_of(const account_t *account)
{
    return (text_t){account->peer, account->peer_length};
}

static void let_go_total(total_t *total)
{
    if (atomic_fetch_sub(&total->holders, 1) == 1)
        free(total);
}

static void let_go(account_t *account)
{
    if (atomic_fetch_sub(&account->holders, 1) > 1)
        return;
    let_go_total(account->total);
    free(account);
}

static void on_closed(void *data, void *hint)
{
    unread_body_t *load = hint;
    (void)data; /* within the load */
    atomic_fetch_sub(&load->account->bytes, load->bytes);
    atomic_fetch_sub(&load->account->total->bytes, load->bytes);
    let_go(load->account);
    free(load);
}

static void drop(unread_t *self, account_t *account)
{
    table_remove(self->accounts, peer_of(account));
    let_go(account);
}

/* Peers come and go, and nobody tells: whoever has read all is forgotten when there are twice as many as were left the last time. */
static void forget_idle(unread_t *self)
{
    account_t *account;
    if (table_count(self->accounts) < self->many)
        return;
    for (size_t at = 0; (account = table_each(self->accounts, &at));) {
        if (atomic_load(&account->bytes) > 0)
            continue;
        drop(self, account);
        at = 0; /* the table has changed */
    }
    size_t twice = 2 * table_count(self->accounts);
    self->many = twice > MANY_MIN ? twice : MANY_MIN;
}

static account_t *open_account(unread_t *self, text_t peer)
{
    forget_idle(self);
    account_t *account = malloc(sizeof *account + peer.length);
    if (!account)
        return NULL;
    atomic_init(&account->bytes, 0);
    atomic_init(&account->holders, 1);
    account->total = self->total;
    atomic_fetch_add(&self->total->holders, 1);
    account->peer_length = peer.length;
    memcpy(account->peer, peer.at, peer.length);
    if (table_put(self->accounts, peer, account))
        return account;
    let_go(account);
    return NULL;
}

unread_t *unread_new(size_t limit_bytes)
{
    /* A long answer is a mapping of its own, which is the system's again once it has gone. Else malloc takes to its heap what it has seen to come and go,
     * and keeps there what lies below a piece that is still in use. */
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    unread_t *self = malloc(sizeof *self);
    total_t *total = malloc(sizeof *total);
    table_t *accounts = table_new();
    if (!self || !total || !accounts) {
        table_destroy(&accounts);
        free(total);
        free(self);
        return NULL;
    }
    atomic_init(&total->bytes, 0);
    atomic_init(&total->holders, 1);
    *self = (unread_t){limit_bytes, total, accounts, MANY_MIN};
    return self;
}

void unread_destroy(unread_t **self_p)
{
    unread_t *self = *self_p;
    account_t *account;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t at = 0; (account = table_each(self->accounts, &at));)
        let_go(account);
    table_destroy(&self->accounts);
    let_go_total(self->total);
    free(self);
}

bool unread_message(unread_t *self, text_t peer, size_t more_bytes, text_t body, zmq_msg_t *message)
{
    account_t *account = table_get(self->accounts, peer);
    if (!account && !(account = open_account(self, peer)))
        return false;
    size_t waiting = atomic_load(&account->bytes), bytes = more_bytes + body.length;
    if (waiting > 0 && waiting + bytes > self->limit_bytes)
        return false;
    unread_body_t *load = malloc(sizeof *load + body.length);
    if (!load)
        return false;
    *load = (unread_body_t){account, bytes};
    memcpy(load->body, body.at, body.length);
    if (zmq_msg_init_data(message, load->body, body.length, on_closed, load) == -1) {
        free(load);
        return false;
    }
    atomic_fetch_add(&account->bytes, bytes);
    atomic_fetch_add(&account->total->bytes, bytes);
    atomic_fetch_add(&account->holders, 1);
    return true;
}

size_t unread_all_bytes(const unread_t *self)
{
    return atomic_load(&self->total->bytes);
}

size_t unread_bytes(const unread_t *self, text_t peer)
{
    account_t *account = table_get(self->accounts, peer);
    return account ? atomic_load(&account->bytes) : 0;
}

size_t unread_peers(const unread_t *self)
{
    return table_count(self->accounts);
}
