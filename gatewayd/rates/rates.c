#include "gatewayd/rates/rates.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/net/address_group.h"

#include <stdio.h>
#include <stdlib.h>

#define LIMITS  "gatewayd.limits."
#define ADDRESS LIMITS "address."
#define CLIENT  LIMITS "client."

struct rates {
    token_rate_t address[RATE_KINDS], client[RATE_KINDS];
    bool limits;             /* any of these does */
    rate_table_t *addresses; /* by group */
    rate_table_t *subjects;  /* by role and subject */
    uint64_t refused[RATE_OWNERS][RATE_KINDS];
    uint64_t ended;
};

/* --- the limits --- */

static const struct {
    const char *per_second, *burst;
    rate_owner_t owner;
    rate_kind_t kind;
} keys[] = {
    {ADDRESS "connects_per_second", ADDRESS "connects_burst", RATE_OF_ADDRESS, RATE_CONNECTS},
    {ADDRESS "requests_per_second", ADDRESS "requests_burst", RATE_OF_ADDRESS, RATE_REQUESTS},
    {ADDRESS "bytes_per_second", ADDRESS "bytes_burst", RATE_OF_ADDRESS, RATE_BYTES},
    {CLIENT "requests_per_second", CLIENT "requests_burst", RATE_OF_CLIENT, RATE_REQUESTS},
    {CLIENT "bytes_per_second", CLIENT "bytes_burst", RATE_OF_CLIENT, RATE_BYTES},
};

void rates_read(rates_t *self, const config_t *config)
{
    self->limits = false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        token_rate_t *rates = keys[i].owner == RATE_OF_ADDRESS ? self->address : self->client;
        rates[keys[i].kind] = token_rate((uint64_t)config_integer(config, "%s", keys[i].per_second),
                                         (uint64_t)config_integer(config, "%s", keys[i].burst));
        self->limits = self->limits || rates[keys[i].kind].per_second > 0;
    }
}

bool rates_take(const char *key)
{
    return strncmp(key, LIMITS, sizeof LIMITS - 1) == 0;
}

rates_t *rates_new(const config_t *config)
{
    rates_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->addresses = rate_table_new(RATE_TABLE_MAX);
    self->subjects = rate_table_new(RATE_TABLE_MAX);
    if (self->addresses && self->subjects)
        rates_read(self, config);
    else
        rates_destroy(&self);
    return self;
}

void rates_destroy(rates_t **self_p)
{
    rates_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    rate_table_destroy(&self->addresses);
    rate_table_destroy(&self->subjects);
    free(self);
}

/* A client's is the lower of the gateway's and its role's. *owner: whose it is. */
static token_rate_t client_rate(const rates_t *self, const role_limits_t *role, rate_kind_t kind, rate_owner_t *owner)
{
    uint64_t of_role = !role ? 0 : kind == RATE_BYTES ? role->bytes_per_second : role->messages_per_second;
    const token_rate_t *ours = &self->client[kind];
    bool lower = of_role > 0 && (ours->per_second == 0 || of_role < ours->per_second);
    *owner = lower ? RATE_OF_ROLE : RATE_OF_CLIENT;
    return lower ? token_rate(of_role, 0) : *ours;
}

/* How often it may be refused. */
static token_rate_t refusals_of(const token_rate_t *requests)
{
    if (requests->per_second == 0)
        return token_rate(RATES_REFUSALS, (uint64_t)RATES_BEYOND * RATES_REFUSALS);
    return token_rate(RATES_BEYOND * requests->per_second, RATES_BEYOND * requests->burst);
}

/* --- asking --- */

bool rates_limit(const rates_t *self)
{
    return self && self->limits;
}

static bool is_free(const rates_t *self, const rate_asker_t *asker)
{
    const role_limits_t *role = asker->role;
    return !self || (!self->limits && (!role || (role->messages_per_second == 0 && role->bytes_per_second == 0)));
}

/* What one who asks has taken, and may. */
typedef struct {
    token_bucket_t *requests, *bytes, *refusals;
    token_rate_t request_rate, byte_rate;
    rate_owner_t request_owner, byte_owner;
} rate_holder_t;

static bool is_limited(const rate_holder_t *holder)
{
    return holder->request_rate.per_second > 0 || holder->byte_rate.per_second > 0;
}

static rate_entry_t *entry_of(rates_t *self, text_t address)
{
    char room[ADDRESS_GROUP_MAX];
    return rate_table_of(self->addresses, address_group_of_text(address, room));
}

/* False where nothing is limited. */
static bool hold_client(const rates_t *self, const rate_asker_t *asker, rate_holder_t *holder)
{
    if (!asker->client)
        return false;
    client_rate_t *client = asker->client;
    *holder = (rate_holder_t){.requests = &client->requests, .bytes = &client->bytes, .refusals = &client->refusals};
    holder->request_rate = client_rate(self, asker->role, RATE_REQUESTS, &holder->request_owner);
    holder->byte_rate = client_rate(self, asker->role, RATE_BYTES, &holder->byte_owner);
    return is_limited(holder);
}

static bool hold_address(rates_t *self, const rate_asker_t *asker, rate_holder_t *holder)
{
    *holder = (rate_holder_t){.request_rate = self->address[RATE_REQUESTS], .byte_rate = self->address[RATE_BYTES]};
    bool looks = asker->address.length > 0 && is_limited(holder);
    rate_entry_t *address = looks ? entry_of(self, asker->address) : NULL;
    if (!address)
        return false;
    holder->requests = &address->requests;
    holder->bytes = &address->bytes;
    holder->refusals = &address->refusals;
    return true;
}

/* One more was refused: is it more than anybody may be? */
static rate_verdict_t refuse(rates_t *self, token_bucket_t *refusals, const token_rate_t *rate, int64_t now_ns)
{
    bool beyond = token_bucket_wait_ms(refusals, rate, now_ns) > 0;
    if (!beyond)
        token_bucket_take(refusals, rate, 1, now_ns);
    self->ended += beyond;
    return beyond ? RATE_ENDED : RATE_REFUSED;
}

static rate_verdict_t judge(rates_t *self, const rate_holder_t *holder, int64_t now_ns, uint64_t *wait_ms)
{
    uint64_t requests_ms = token_bucket_wait_ms(holder->requests, &holder->request_rate, now_ns);
    uint64_t bytes_ms = token_bucket_wait_ms(holder->bytes, &holder->byte_rate, now_ns);
    if (requests_ms == 0 && bytes_ms == 0)
        return RATE_ADMITTED;
    self->refused[holder->request_owner][RATE_REQUESTS] += requests_ms > 0;
    self->refused[holder->byte_owner][RATE_BYTES] += requests_ms == 0;
    *wait_ms = requests_ms > bytes_ms ? requests_ms : bytes_ms;
    token_rate_t refusals = refusals_of(&holder->request_rate);
    return refuse(self, holder->refusals, &refusals, now_ns);
}

rate_verdict_t rates_ask(rates_t *self, const rate_asker_t *asker, uint64_t *wait_ms)
{
    rate_holder_t holders[2];
    size_t count = 0;
    rate_verdict_t verdict = RATE_ADMITTED;
    if (is_free(self, asker))
        return RATE_ADMITTED;
    count += hold_client(self, asker, &holders[count]);
    count += hold_address(self, asker, &holders[count]);
    int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < count && verdict == RATE_ADMITTED; i++)
        verdict = judge(self, &holders[i], now_ns, wait_ms);
    for (size_t i = 0; i < count && verdict == RATE_ADMITTED; i++)
        token_bucket_take(holders[i].requests, &holders[i].request_rate, 1, now_ns);
    return verdict;
}

void rates_answered(rates_t *self, const rate_asker_t *asker, size_t bytes)
{
    rate_holder_t holder;
    if (is_free(self, asker))
        return;
    if (hold_client(self, asker, &holder) && holder.byte_rate.per_second > 0)
        token_bucket_take(holder.bytes, &holder.byte_rate, bytes, clock_mono_ns());
    if (self->address[RATE_BYTES].per_second > 0 && hold_address(self, asker, &holder))
        token_bucket_take(holder.bytes, &holder.byte_rate, bytes, clock_mono_ns());
}

/* What it has taken, as a client's. */
static rate_entry_t *subject_entry(rates_t *self, const rate_subject_t *subject)
{
    char key[RATE_TABLE_KEY_MAX];
    int length = snprintf(key, sizeof key, "%.*s %.*s", TEXT_ARG(subject->role), TEXT_ARG(subject->subject));
    return rate_table_of(self->subjects, text_cut((text_t){key, (size_t)length}, sizeof key - 1));
}

rate_verdict_t rates_ask_subject(rates_t *self, const rate_subject_t *subject, const role_limits_t *limits, uint64_t *wait_ms)
{
    rate_asker_t asker = {.role = limits};
    rate_entry_t *entry = is_free(self, &asker) ? NULL : subject_entry(self, subject);
    if (!entry)
        return RATE_ADMITTED;
    client_rate_t client = {entry->requests, entry->bytes, entry->refusals};
    asker.client = &client;
    rate_verdict_t verdict = rates_ask(self, &asker, wait_ms);
    entry->requests = client.requests;
    entry->refusals = client.refusals;
    return verdict;
}

void rates_answered_subject(rates_t *self, const rate_subject_t *subject, const role_limits_t *limits, size_t bytes)
{
    rate_asker_t asker = {.role = limits};
    rate_entry_t *entry = is_free(self, &asker) ? NULL : subject_entry(self, subject);
    if (!entry)
        return;
    client_rate_t client = {.bytes = entry->bytes};
    asker.client = &client;
    rates_answered(self, &asker, bytes);
    entry->bytes = client.bytes;
}

rate_verdict_t rates_connect(rates_t *self, text_t address, uint64_t *wait_ms)
{
    static log_limit_t limit;
    const token_rate_t *rate = &self->address[RATE_CONNECTS];
    rate_entry_t *found = rate->per_second > 0 ? entry_of(self, address) : NULL;
    if (!found)
        return RATE_ADMITTED;
    int64_t now_ns = clock_mono_ns();
    *wait_ms = token_bucket_wait_ms(&found->connects, rate, now_ns);
    if (*wait_ms == 0) {
        token_bucket_take(&found->connects, rate, 1, now_ns);
        return RATE_ADMITTED;
    }
    log_warn_limited(&limit, "limits: too many connections in a short time", LOG_SLICE("address", address));
    self->refused[RATE_OF_ADDRESS][RATE_CONNECTS]++;
    token_rate_t refusals = refusals_of(rate);
    return refuse(self, &found->refusals, &refusals, now_ns);
}

/* --- metrics --- */

void rates_metrics(const rates_t *self, metrics_t *metrics)
{
    static const char *const owners[RATE_OWNERS] = {
        [RATE_OF_ADDRESS] = "address", [RATE_OF_CLIENT] = "client", [RATE_OF_ROLE] = "role"};
    static const char *const kinds[RATE_KINDS] = {
        [RATE_CONNECTS] = "connects", [RATE_REQUESTS] = "requests", [RATE_BYTES] = "bytes"};
    metrics_family(metrics, "dataflow_limited_total", METRIC_COUNTER,
                   "Connections and requests refused, by whose limit it is and of what");
    for (size_t owner = 0; owner < RATE_OWNERS; owner++)
        for (size_t kind = owner == RATE_OF_ADDRESS ? RATE_CONNECTS : RATE_REQUESTS; kind < RATE_KINDS; kind++)
            metrics_u64(metrics, METRIC_LABELS({"by", text_of(owners[owner])}, {"of", text_of(kinds[kind])}),
                        self->refused[owner][kind]);
    metrics_counter(metrics, "dataflow_limited_ended_total", "Connections ended, or closed at once, after too many refusals",
                    self->ended);
    metrics_gauge(metrics, "dataflow_limited_addresses", "Addresses whose rates are known", rate_table_count(self->addresses));
}
