/* Who judges tokens, for tests: one is "ROLE SUBJECT SECONDS", and valid until so many seconds after the start. */
#pragma once

#include "gatewayd/auth/grants.h"

#include "common/clock.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>

enum { JUDGE_START_S = 1000, FIRST_S = 5, WARN_S = 60 };

static roles_t *roles;

static inline roles_t *load_roles(const char *json)
{
    char setting[1024];
    char *environment[] = {NULL};
    snprintf(setting, sizeof setting, "gatewayd.roles=%s", json);
    const char *settings[] = {setting};
    config_t *config = config_load(NULL, settings, 1, environment);
    ck_assert_ptr_nonnull(config);
    roles_t *found = roles_new(config);
    config_destroy(&config);
    return found;
}

static bool are_ready(void *arg)
{
    (void)arg;
    return true;
}

static auth_refusal_t admit(void *arg, text_t token, identity_t *out)
{
    char text[64], role[16], subject[16];
    long long seconds;
    (void)arg;
    *out = (identity_t){0};
    snprintf(text, sizeof text, "%.*s", TEXT_ARG(token));
    if (sscanf(text, "%15s %15s %lld", role, subject, &seconds) != 3)
        return token.length == 0 ? AUTH_NO_TOKEN : AUTH_MALFORMED;
    role_t *found = roles_find(roles, text_of(role));
    if (!found)
        return AUTH_NO_ROLE;
    *out = (identity_t){.role = role_keep(found), .expires_ns = (JUDGE_START_S + seconds) * NS_PER_S};
    out->subject_length = (uint8_t)strlen(subject);
    memcpy(out->subject, subject, out->subject_length);
    return AUTH_GRANTED;
}

static bool renew(void *arg, identity_t *identity)
{
    (void)arg;
    role_t *now = roles_find(roles, role_name(identity->role));
    if (!now)
        return false;
    role_keep(now);
    role_release(&identity->role);
    identity->role = now;
    return true;
}

static const grants_judge_t token_judge = {.ready = are_ready, .admit = admit, .renew = renew};
