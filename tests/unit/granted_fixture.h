/* A client that is to bring a token, for tests of what it may do then. A token is "ROLE SUBJECT SECONDS" here, and valid until so many seconds after the start. */
#pragma once

#include "gatewayd/methods/client_grant.h"

#include "common/log.h"
#include "tests/unit/gateway_fixture.h"

enum { FIRST_S = 5, WARN_S = 60 };

static roles_t *roles;
static grants_t *grants;

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
        return AUTH_MALFORMED;
    role_t *found = roles_find(roles, text_of(role));
    if (!found)
        return AUTH_NO_ROLE;
    *out = (identity_t){.role = role_keep(found), .expires_ns = (1000 + seconds) * NS_PER_S};
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

static const grants_judge_t judge = {.ready = are_ready, .admit = admit, .renew = renew};

/* The client is one that has still to bring its token. */
static inline void granted_set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    fixture_setup();
    roles = load_roles("{\"viewer\":{\"symbols\":[\"BTC-*\"],\"channels\":[\"trades\",\"readings\"],\"subscriptions\":1},"
                       "\"trader\":{},\"late\":{\"delay_ms\":1000},\"asker\":{\"methods\":[\"getRecentTrades\"]},\"recent\":{"
                       "\"history_hours\":0.01},"
                       "\"operator\":{\"operator\":true},\"eth\":{\"symbols\":[\"ETH-*\"]}}");
    grants = grants_new(&judge, NULL, &(grants_times_t){FIRST_S * NS_PER_S, WARN_S * NS_PER_S});
    peer_leaves(&fixture.client);
    fixture.hub.everyone = NULL;
    fixture.hub.grants = grants;
    fixture.client = peer_new(&fixture.hub, &wire_link, &fixture.wire);
    client_grant_begin(fixture.client, grants_await(grants, fixture.now_ns));
}

static inline void granted_tear_down(void)
{
    fixture_teardown();
    grants_destroy(&grants);
    roles_destroy(&roles);
}

static inline void tick(int64_t seconds)
{
    fixture.now_ns = (1000 + seconds) * NS_PER_S;
    grants_tick(grants, fixture.now_ns);
    client_pump(fixture.client);
}

#define CALL(method, params)   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}"
#define TOKEN(token)           CALL("authenticate", "\"token\":\"" token "\"")
#define REFRESH(token)         CALL("refreshToken", "\"token\":\"" token "\"")
#define REFUSED(code, message) "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":" code ",\"message\":\"" message "\""
#define NO_TOKEN               REFUSED("-32001", "a token is needed") ",\"data\":{\"reason\":\"no_token\"}}}"
#define ROLE                   REFUSED("-32003", "the role does not allow that") ",\"data\":{\"reason\":\"role\"}}}"

/* The client has that role for an hour. */
static inline void be(const char *role)
{
    char message[256];
    snprintf(message, sizeof message, CALL("authenticate", "\"token\":\"%s alice 3600\""), role);
    say(message);
    expect_with("\"result\":{\"subject\":\"alice\"");
}

static inline void subscribe_btc(void)
{
    hear("a", true, "{\"BTC-USD\":10,\"ETH-USD\":5}");
    say(SUBSCRIBE(""));
    follow(BTC, FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-10", "true"));
}
