/* A client that is to bring a token, for tests of what it may do then. Its tokens are those of token_judge.h. */
#pragma once

#include "gatewayd/methods/client_grant.h"

#include "common/log.h"
#include "tests/unit/gateway_fixture.h"
#include "tests/unit/token_judge.h"

static grants_t *grants;

/* The client is one that has still to bring its token. */
static inline void granted_set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    fixture_setup();
    roles = load_roles("{\"viewer\":{\"symbols\":[\"BTC-*\"],\"channels\":[\"trades\",\"readings\"],\"subscriptions\":1},"
                       "\"trader\":{},\"late\":{\"delay_ms\":1000},\"asker\":{\"methods\":[\"getRecentTrades\"]},\"recent\":{"
                       "\"history_hours\":0.01},"
                       "\"operator\":{\"operator\":true},\"eth\":{\"symbols\":[\"ETH-*\"]}}");
    grants = grants_new(&token_judge, NULL, &(grants_times_t){FIRST_S * NS_PER_S, WARN_S * NS_PER_S});
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
    fixture.now_ns = (JUDGE_START_S + seconds) * NS_PER_S;
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
