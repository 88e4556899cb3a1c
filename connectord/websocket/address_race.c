#include "connectord/websocket/address_race.h"

#include "common/clock.h"

#include <assert.h>
#include <string.h>

static bool same(const lookup_address_t *a, const lookup_address_t *b)
{
    return strcmp(a->text, b->text) == 0;
}

static bool is_ipv6(const lookup_address_t *address)
{
    return strchr(address->text, ':') != NULL;
}

static bool holds(const address_race_t *self, const lookup_address_t *address)
{
    for (size_t i = 0; i < self->count; i++)
        if (same(&self->addresses[i], address))
            return true;
    return false;
}

static void add(address_race_t *self, const lookup_address_t *address)
{
    if (self->count < ADDRESS_RACE_MAX && !holds(self, address))
        self->addresses[self->count++] = *address;
}

/* The first of these that is not listed yet, of a family if there is one of it; NULL: all are, but for the poor one. */
static const lookup_address_t *find_next(const address_race_t *self, const lookup_address_t *addresses, size_t count, bool ipv6)
{
    const lookup_address_t *other = NULL;
    for (size_t i = 0; i < count; i++) {
        if (holds(self, &addresses[i]) || same(&addresses[i], &self->poor))
            continue;
        if (is_ipv6(&addresses[i]) == ipv6)
            return &addresses[i];
        other = other ? other : &addresses[i];
    }
    return other;
}

static const lookup_address_t *find(const lookup_address_t *addresses, size_t count, const lookup_address_t *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (same(&addresses[i], wanted))
            return &addresses[i];
    return NULL;
}

void address_race_begin(address_race_t *self, const lookup_address_t *addresses, size_t count, int64_t now_ns)
{
    assert(count > 0);
    self->count = self->begun = self->failed = 0;
    self->begun_ns = self->due_ns = now_ns;
    const lookup_address_t *good = find(addresses, count, &self->good), *next = good ? good : &addresses[0];
    bool ipv6 = is_ipv6(next);
    if (!good)
        next = find_next(self, addresses, count, ipv6);
    for (; next && self->count < ADDRESS_RACE_MAX; next = find_next(self, addresses, count, ipv6)) {
        add(self, next);
        ipv6 = !is_ipv6(next);
    }
    const lookup_address_t *poor = find(addresses, count, &self->poor);
    if (poor)
        add(self, poor);
}

int address_race_next(address_race_t *self, int64_t now_ns)
{
    if (self->begun == self->count || now_ns < self->due_ns)
        return -1;
    self->begun_ns = now_ns;
    self->due_ns = now_ns + ADDRESS_RACE_STEP_MS * NS_PER_MS;
    return (int)self->begun++;
}

void address_race_failed(address_race_t *self, int64_t now_ns)
{
    assert(self->failed < self->begun);
    self->failed++;
    self->due_ns = now_ns;
}

void address_race_stands(address_race_t *self)
{
    self->due_ns = self->begun_ns + ADDRESS_RACE_STAND_MS * NS_PER_MS;
}

int64_t address_race_due_ns(const address_race_t *self)
{
    return self->begun < self->count ? self->due_ns : INT64_MAX;
}

bool address_race_is_lost(const address_race_t *self)
{
    return self->failed == self->count;
}

void address_race_opened(address_race_t *self, size_t number)
{
    self->good = self->addresses[number];
    if (same(&self->good, &self->poor))
        self->poor.text[0] = '\0';
}

void address_race_led_nowhere(address_race_t *self, size_t number)
{
    self->poor = self->addresses[number];
    if (same(&self->good, &self->poor))
        self->good.text[0] = '\0';
}
