#include "gatewayd/auth/auth.h"

#include "common/clock.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { SOURCES_MAX = IDENTITY_SETS_MAX, KEYS = 0, SECRET = 1, SOURCE_KEY_MAX = 32 };

#define AUTH "gatewayd.auth."

/* What is read of the configuration; replaced as a whole. */
typedef struct {
    char *issuer, *audience; /* owned */
    claims_rules_t claims;
    roles_t *roles;
    key_source_t *sources[SOURCES_MAX]; /* NULL: none */
} auth_parts_t;

struct auth {
    loop_t *loop;
    bool needed;
    identity_t everyone;
    auth_parts_t parts;
    uint64_t counts[AUTH_REFUSALS];
};

/* --- reading it --- */

static bool are_needed(const config_t *config)
{
    return strcmp(config_text(config, AUTH "mode"), "jwt") == 0;
}

static const char *const source_keys[SOURCES_MAX] = {[KEYS] = AUTH "keys", [SECRET] = AUTH "secret_file"};

static bool is_url(const char *place)
{
    return strncmp(place, "https://", 8) == 0 || strncmp(place, "http://", 7) == 0;
}

static key_source_config_t source_config(const config_t *config, size_t number)
{
    const char *place = config_text(config, "%s", source_keys[number]);
    return (key_source_config_t){.kind = number == SECRET ? KEYS_SECRET
                                         : is_url(place)  ? KEYS_URL
                                                          : KEYS_FILE,
                                 .place = place,
                                 .ca = config_text(config, AUTH "ca"),
                                 .refresh_ms = (uint32_t)config_integer(config, AUTH "refresh_ms"),
                                 .rest_ms = KEY_SOURCE_REST_MS};
}

/* A URL that is asked already goes on, with the keys that it has given. */
static bool open_source(auth_t *self, auth_parts_t *parts, const config_t *config, size_t number)
{
    char error[KEY_SOURCE_ERROR_MAX];
    key_source_config_t wanted = source_config(config, number);
    key_source_t *former = self->parts.sources[number];
    if (wanted.place[0] == '\0')
        return true;
    if (wanted.kind == KEYS_URL && former && key_source_is(former, &wanted)) {
        parts->sources[number] = former;
        return key_source_reload(former, error);
    }
    parts->sources[number] = key_source_new(self->loop, &wanted, error);
    if (!parts->sources[number])
        log_error("auth: the keys can't be used", LOG_TEXT("key", source_keys[number]), LOG_TEXT("error", error));
    return parts->sources[number] != NULL;
}

/* Not what another has as well. */
static void release_parts(auth_parts_t *parts, const auth_parts_t *shared)
{
    for (size_t i = 0; i < SOURCES_MAX; i++)
        if (!shared || parts->sources[i] != shared->sources[i])
            key_source_destroy(&parts->sources[i]);
    roles_destroy(&parts->roles);
    free(parts->issuer);
    free(parts->audience);
    *parts = (auth_parts_t){0};
}

static bool out_of_memory(void)
{
    log_error("auth: out of memory");
    return false;
}

static bool read_claims(auth_parts_t *parts, const config_t *config)
{
    parts->issuer = strdup(config_text(config, AUTH "issuer"));
    parts->audience = strdup(config_text(config, AUTH "audience"));
    parts->roles = roles_new(config);
    if (!parts->issuer || !parts->audience || !parts->roles)
        return out_of_memory();
    const char *wrong =
        claims_rules_init(&parts->claims, text_of(parts->issuer), text_of(parts->audience),
                          config_integer(config, AUTH "leeway_ms") * NS_PER_MS, text_of(config_text(config, AUTH "claim")));
    if (wrong)
        log_error("auth: claim can't be used", LOG_TEXT("error", wrong));
    return wrong == NULL;
}

static bool read_parts(auth_t *self, auth_parts_t *parts, const config_t *config)
{
    if (!read_claims(parts, config))
        return false;
    for (size_t i = 0; self->needed && i < SOURCES_MAX; i++)
        if (!open_source(self, parts, config, i))
            return false;
    return true;
}

auth_t *auth_new(loop_t *loop, const config_t *config)
{
    auth_t *self = calloc(1, sizeof *self);
    if (!self || !(self->everyone.role = role_new_everyone())) {
        out_of_memory();
        auth_destroy(&self);
        return NULL;
    }
    self->everyone.expires_ns = IDENTITY_FOREVER;
    self->loop = loop;
    self->needed = are_needed(config);
    if (!read_parts(self, &self->parts, config))
        auth_destroy(&self);
    return self;
}

void auth_destroy(auth_t **self_p)
{
    auth_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    release_parts(&self->parts, NULL);
    identity_release(&self->everyone);
    free(self);
}

bool auth_check(const config_t *config, void (*report)(const char *mistake))
{
    char error[KEY_SOURCE_ERROR_MAX], mistake[KEY_SOURCE_ERROR_MAX + SOURCE_KEY_MAX];
    bool good = true;
    for (size_t i = 0; are_needed(config) && i < SOURCES_MAX; i++) {
        key_source_config_t wanted = source_config(config, i);
        if (wanted.place[0] == '\0' || wanted.kind == KEYS_URL)
            continue;
        key_source_t *source = key_source_new(NULL, &wanted, error);
        if (!source) {
            snprintf(mistake, sizeof mistake, "%s: %s", source_keys[i], error);
            report(mistake);
        }
        good = good && source;
        key_source_destroy(&source);
    }
    return good;
}

bool auth_reload(auth_t *self, const config_t *config)
{
    auth_parts_t parts = {0};
    if (!read_parts(self, &parts, config)) {
        release_parts(&parts, &self->parts);
        log_error("auth: the former keys and roles stay");
        return false;
    }
    release_parts(&self->parts, &parts);
    self->parts = parts;
    return true;
}

static bool is_below(const char *section, const char *key)
{
    size_t length = strlen(section);
    return strncmp(key, section, length) == 0 && (key[length] == '.' || key[length] == '\0');
}

bool auth_takes(const char *key)
{
    return (is_below("gatewayd.auth", key) && strcmp(key, AUTH "mode") != 0) || is_below("gatewayd.roles", key);
}

/* --- letting in --- */

bool auth_is_needed(const auth_t *self)
{
    return self->needed;
}

const identity_t *auth_everyone(const auth_t *self)
{
    return self->needed ? NULL : &self->everyone;
}

static auth_refusal_t judge(auth_t *self, text_t token, identity_t *out)
{
    bool stale;
    identity_rules_t rules = {.claims = &self->parts.claims, .roles = self->parts.roles};
    for (size_t i = 0; i < SOURCES_MAX; i++)
        rules.sets[i] = self->parts.sources[i] ? key_source_keys(self->parts.sources[i]) : NULL;
    auth_refusal_t refusal = identity_read(out, &rules, token, clock_real_ns(), &stale);
    for (size_t i = 0; stale && i < SOURCES_MAX; i++)
        if (self->parts.sources[i])
            key_source_miss(self->parts.sources[i]);
    return refusal;
}

auth_refusal_t auth_admit(auth_t *self, text_t token, identity_t *out)
{
    auth_refusal_t refusal = AUTH_GRANTED;
    if (self->needed)
        refusal = judge(self, token, out);
    else
        *out = (identity_t){.role = role_keep(self->everyone.role), .expires_ns = IDENTITY_FOREVER};
    self->counts[refusal]++;
    return refusal;
}

bool auth_renew(const auth_t *self, identity_t *identity)
{
    if (identity->role == self->everyone.role)
        return true;
    role_t *now = roles_find(self->parts.roles, role_name(identity->role));
    if (!now)
        return false;
    role_keep(now);
    role_release(&identity->role);
    identity->role = now;
    return true;
}

bool auth_is_ready(const auth_t *self)
{
    for (size_t i = 0; i < SOURCES_MAX; i++)
        if (self->parts.sources[i] && !key_source_keys(self->parts.sources[i]))
            return false;
    return true;
}

uint64_t auth_count(const auth_t *self, auth_refusal_t refusal)
{
    return self->counts[refusal];
}
