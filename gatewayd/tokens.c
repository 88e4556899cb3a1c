#include "gatewayd/tokens.h"

#include "common/log.h"

static bool ready(void *arg)
{
    return auth_is_ready(arg);
}

static auth_refusal_t admit(void *arg, text_t token, identity_t *out)
{
    static log_limit_t limit;
    auth_refusal_t refusal = auth_admit(arg, token, out);
    if (refusal != AUTH_GRANTED && refusal != AUTH_NO_TOKEN)
        log_warn_limited(&limit, "auth: refused a token", LOG_TEXT("reason", auth_refusal_words(refusal)->word));
    return refusal;
}

static bool renew(void *arg, identity_t *identity)
{
    return auth_renew(arg, identity);
}

static const grants_judge_t judge = {.ready = ready, .admit = admit, .renew = renew};

static grants_times_t read_times(const config_t *config)
{
    return (grants_times_t){.first_message_ns = config_integer(config, "gatewayd.auth.first_message_ms") * NS_PER_MS,
                            .warn_ns = config_integer(config, "gatewayd.auth.warn_ms") * NS_PER_MS};
}

bool tokens_open(tokens_t *self, loop_t *loop, const config_t *config, hub_t *hub)
{
    grants_times_t times = read_times(config);
    self->auth = auth_new(loop, config);
    if (!self->auth)
        return false;
    if (auth_is_needed(self->auth) && !(self->grants = grants_new(&judge, self->auth, &times))) {
        log_error("auth: out of memory");
        return false;
    }
    hub->grants = self->grants;
    hub->everyone = auth_everyone(self->auth);
    return true;
}

void tokens_close(tokens_t *self)
{
    grants_destroy(&self->grants);
    auth_destroy(&self->auth);
}

void tokens_renew(tokens_t *self, const config_t *config)
{
    grants_times_t times = read_times(config);
    if (!auth_reload(self->auth, config) || !self->grants)
        return;
    grants_set_times(self->grants, &times);
    grants_renew(self->grants);
}

void tokens_tick(tokens_t *self, int64_t now_ns)
{
    if (self->grants)
        grants_tick(self->grants, now_ns);
}
