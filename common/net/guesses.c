#include "common/net/guesses.h"

#include "common/clock.h"
#include "common/list.h"
#include "common/net/address_group.h"
#include "common/table.h"

#include <stdlib.h>

typedef struct {
    list_t in_all;
    unsigned wrong; /* in a row */
    unsigned open;  /* that are looked at now */
    int64_t until_ns, heard_ns;
    size_t length;
    char group[ADDRESS_GROUP_MAX];
} guesser_t;

struct guesses {
    table_t *guessers; /* by address group; owned */
    list_t all;        /* guesser_t.in_all; who was heard last is at the end */
    uint64_t wrong;
};

guesses_t *guesses_new(void)
{
    guesses_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    list_init(&self->all);
    self->guessers = table_new();
    if (!self->guessers)
        guesses_destroy(&self);
    return self;
}

static void forget(guesses_t *self, guesser_t *guesser)
{
    table_remove(self->guessers, (text_t){guesser->group, guesser->length});
    list_remove(&guesser->in_all);
    free(guesser);
}

void guesses_destroy(guesses_t **self_p)
{
    guesses_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    while (!list_empty(&self->all))
        forget(self, LIST_OWNER(self->all.next, guesser_t, in_all));
    table_destroy(&self->guessers);
    free(self);
}

/* False when all that are remembered are being looked at. */
static bool make_room(guesses_t *self)
{
    if (table_count(self->guessers) < GUESSES_ADDRESSES)
        return true;
    LIST_EACH(item, &self->all)
    {
        guesser_t *guesser = LIST_OWNER(item, guesser_t, in_all);
        if (guesser->open > 0)
            continue;
        forget(self, guesser);
        return true;
    }
    return false;
}

static guesser_t *add(guesses_t *self, text_t group)
{
    guesser_t *guesser = make_room(self) ? calloc(1, sizeof *guesser) : NULL;
    if (!guesser)
        return NULL;
    list_init(&guesser->in_all);
    guesser->length = group.length;
    memcpy(guesser->group, group.at, group.length);
    if (table_put(self->guessers, group, guesser))
        return guesser;
    free(guesser);
    return NULL;
}

static guesser_t *find(const guesses_t *self, text_t address)
{
    char room[ADDRESS_GROUP_MAX];
    return table_get(self->guessers, address_group_of_text(address, room));
}

static void heard(guesses_t *self, guesser_t *guesser, int64_t now_ns)
{
    guesser->heard_ns = now_ns;
    list_remove(&guesser->in_all);
    list_append(&self->all, &guesser->in_all);
}

static uint64_t wait_of(const guesser_t *guesser, int64_t now_ns)
{
    return guesser->until_ns > now_ns ? (uint64_t)((guesser->until_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

bool guesses_try(guesses_t *self, text_t address, int64_t now_ns, uint64_t *wait_ms)
{
    char room[ADDRESS_GROUP_MAX];
    guesser_t *guesser = find(self, address);
    *wait_ms = GUESSES_FIRST_MS;
    if (!guesser && !(guesser = add(self, address_group_of_text(address, room))))
        return false;
    if (guesser->open == 0 && now_ns - guesser->heard_ns >= GUESSES_FORGET_MS * NS_PER_MS)
        guesser->wrong = 0;
    if (guesser->open >= (guesser->wrong > 0 ? 1 : GUESSES_OPEN))
        return false;
    if ((*wait_ms = wait_of(guesser, now_ns)) > 0)
        return false;
    heard(self, guesser, now_ns);
    guesser->open++;
    return true;
}

static void count_wrong(guesses_t *self, guesser_t *guesser, int64_t now_ns)
{
    int64_t wait_ms = GUESSES_FIRST_MS;
    for (unsigned i = 0; i < guesser->wrong && wait_ms < GUESSES_LONGEST_MS; i++)
        wait_ms *= 2;
    if (wait_ms > GUESSES_LONGEST_MS)
        wait_ms = GUESSES_LONGEST_MS;
    self->wrong++;
    guesser->wrong++;
    guesser->until_ns = now_ns + wait_ms * NS_PER_MS;
    heard(self, guesser, now_ns);
}

uint64_t guesses_tell(guesses_t *self, text_t address, guess_t guess, int64_t now_ns)
{
    guesser_t *guesser = find(self, address);
    if (!guesser)
        return 0;
    guesser->open--;
    if (guess == GUESS_WRONG)
        count_wrong(self, guesser, now_ns);
    if (guess == GUESS_RIGHT) {
        guesser->wrong = 0;
        guesser->until_ns = now_ns;
    }
    uint64_t wait_ms = wait_of(guesser, now_ns);
    if (guesser->wrong == 0 && guesser->open == 0)
        forget(self, guesser);
    return wait_ms;
}

uint64_t guesses_wrong(const guesses_t *self)
{
    return self->wrong;
}
