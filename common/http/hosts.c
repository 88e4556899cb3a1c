#include "common/http/hosts.h"

#include "common/clock.h"
#include "common/http/authority.h"
#include "common/log.h"

#include <unistd.h>

enum { SHOWN_MAX = 128 /* bytes of a Host in the log */ };

static bool is_named(const authority_t *asked, text_t name)
{
    authority_t known;
    return authority_parse(name, &known) && authority_same_host(asked, &known);
}

void hosts_init(hosts_t *self, const config_t *config, const char *key)
{
    size_t count = config ? config_count(config, "%s", key) : 0;
    *self = (hosts_t){.key = key};
    for (; self->count < count && self->count < HOSTS_MAX; self->count++)
        self->names[self->count] = config_text(config, "%s.%zu", key, self->count);
    if (gethostname(self->machine, sizeof self->machine - 1) == -1)
        self->machine[0] = '\0';
}

void hosts_listen(hosts_t *self, const char *address)
{
    self->listen[self->listen_count++] = address;
}

static bool is_among(const authority_t *asked, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_named(asked, text_of(names[i])))
            return true;
    return false;
}

bool hosts_know(const hosts_t *self, text_t host)
{
    authority_t asked;
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->names[i], "*") == 0)
            return true;
    if (host.length == 0)
        return true;
    if (!authority_parse(host, &asked))
        return false;
    return authority_is_address(&asked) || is_named(&asked, TEXT("localhost")) || is_named(&asked, text_of(self->machine)) ||
           is_among(&asked, self->listen, self->listen_count) || is_among(&asked, self->names, self->count);
}

bool hosts_admit(const hosts_t *self, text_t host)
{
    static log_limit_t limit;
    bool known = hosts_know(self, host);
    if (!known)
        log_warn_limited(&limit, "http: refused an unknown Host", LOG_SLICE("found", text_cut(host, SHOWN_MAX)),
                         LOG_TEXT("known_by", self->key));
    return known;
}
