#include "gatewayd/listeners.h"

#include "common/http/authority.h"
#include "common/log.h"
#include "common/timestamp.h"

#include <assert.h>
#include <stdio.h>

static const char proxies_key[] = "gatewayd.proxies", header_key[] = "gatewayd.forwarded_header";

static_assert((int)HTTP_LISTENERS_MAX <= (int)HOSTS_LISTEN_MAX, "each is a name");

enum { MISTAKE_MAX = TLS_IDENTITY_WRONG_MAX + 64, LISTEN_KEY_MAX = 48 };

static size_t count_of(const config_t *config)
{
    size_t count = config_count(config, "gatewayd.listen");
    return count < HTTP_LISTENERS_MAX ? count : HTTP_LISTENERS_MAX;
}

static const char *certificate_of(const config_t *config, size_t number)
{
    return config_text(config, "gatewayd.listen.%zu.tls.certificate", number);
}

static tls_identity_t *identify(const config_t *config, size_t number, char wrong[static TLS_IDENTITY_WRONG_MAX])
{
    return tls_identity_new(certificate_of(config, number), config_text(config, "gatewayd.listen.%zu.tls.key", number), wrong);
}

/* An old one is better than none: clients that do not care get in, and others say why they don't. */
static void tell(const char *address, const tls_identity_t *identity)
{
    char until[TIMESTAMP_MAX];
    int64_t until_s = tls_identity_until_s(identity);
    text_t shown = {until, timestamp_print(until, until_s < INT64_MAX / NS_PER_S ? until_s * NS_PER_S : INT64_MAX, 0)};
    if (until_s < clock_real_ns() / NS_PER_S)
        log_warn("tls: the certificate is no longer valid", LOG_TEXT("address", address),
                 LOG_TEXT("name", tls_identity_name(identity)), LOG_SLICE("until", shown));
    else
        log_info("tls: certificate", LOG_TEXT("address", address), LOG_TEXT("name", tls_identity_name(identity)),
                 LOG_SLICE("until", shown));
}

static void read_proxies(listeners_t *self, const config_t *config)
{
    const char *ranges[PROXIES_MAX];
    size_t count = config_count(config, "%s", proxies_key);
    bool standard = strcmp(config_text(config, "%s", header_key), "forwarded") == 0;
    if (count > PROXIES_MAX)
        count = PROXIES_MAX;
    for (size_t i = 0; i < count; i++)
        ranges[i] = config_text(config, "%s.%zu", proxies_key, i);
    proxies_set(&self->proxies, ranges, count, standard ? PROXIES_FORWARDED : PROXIES_X_FORWARDED);
}

bool listeners_open(listeners_t *self, const config_t *config, hosts_t *hosts)
{
    char wrong[TLS_IDENTITY_WRONG_MAX];
    bool good = true;
    *self = (listeners_t){.count = count_of(config)};
    read_proxies(self, config);
    for (size_t i = 0; i < self->count; i++) {
        http_listen_t *place = &self->places[i];
        place->address = config_text(config, "gatewayd.listen.%zu.address", i);
        place->share = config_flag(config, "gatewayd.listen.%zu.share", i);
        place->introduced = config_flag(config, "gatewayd.listen.%zu.proxy_protocol", i);
        hosts_listen(hosts, place->address);
        if (*certificate_of(config, i) == '\0')
            continue;
        place->identity = identify(config, i, wrong);
        if (place->identity)
            tell(place->address, place->identity);
        else
            log_error("tls: can't be used", LOG_TEXT("address", place->address), LOG_TEXT("found", wrong));
        good = good && place->identity;
    }
    return good;
}

void listeners_close(listeners_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        tls_identity_destroy(&self->places[i].identity);
}

/* Which of the configuration's listens at this one's address, under TLS. */
static bool find(const http_listen_t *place, const config_t *config, size_t *number)
{
    for (*number = 0; *number < count_of(config); (*number)++)
        if (strcmp(config_text(config, "gatewayd.listen.%zu.address", *number), place->address) == 0)
            return place->identity && *certificate_of(config, *number) != '\0';
    return false;
}

void listeners_renew(listeners_t *self, const config_t *config)
{
    char wrong[TLS_IDENTITY_WRONG_MAX];
    read_proxies(self, config);
    for (size_t i = 0; i < self->count; i++) {
        const http_listen_t *place = &self->places[i];
        size_t number;
        if (!find(place, config, &number))
            continue;
        if (tls_identity_renew(place->identity, certificate_of(config, number),
                               config_text(config, "gatewayd.listen.%zu.tls.key", number), wrong))
            tell(place->address, place->identity);
        else
            log_error("tls: the former certificate stays", LOG_TEXT("address", place->address), LOG_TEXT("found", wrong));
    }
}

bool listeners_take(const listeners_t *self, const config_t *config, const char *key)
{
    char below[LISTEN_KEY_MAX];
    if (strcmp(key, proxies_key) == 0 || strcmp(key, header_key) == 0)
        return true;
    for (size_t i = 0; i < self->count; i++) {
        size_t number;
        if (!find(&self->places[i], config, &number))
            continue;
        int length = snprintf(below, sizeof below, "gatewayd.listen.%zu.tls.", number);
        if (strncmp(key, below, (size_t)length) == 0)
            return true;
    }
    return false;
}

bool listeners_check(const config_t *config, void (*report)(const char *mistake))
{
    char wrong[TLS_IDENTITY_WRONG_MAX], mistake[MISTAKE_MAX];
    bool good = true;
    for (size_t i = 0; i < count_of(config); i++) {
        if (*certificate_of(config, i) == '\0')
            continue;
        tls_identity_t *identity = identify(config, i, wrong);
        if (!identity) {
            snprintf(mistake, sizeof mistake, "gatewayd.listen.%zu.tls: %s", i, wrong);
            report(mistake);
            good = false;
        }
        tls_identity_destroy(&identity);
    }
    return good;
}

/* A name but localhost may be any machine's. */
static bool is_loopback(const char *address)
{
    authority_t authority;
    return authority_parse(text_of(address), &authority) &&
           (text_starts_with(authority.host, TEXT("127.")) || text_equal(authority.host, TEXT("[::1]")) ||
            text_equal(authority.host, TEXT("localhost")));
}

void listeners_log(const listeners_t *self, bool asks)
{
    for (size_t i = 0; i < self->count; i++) {
        const http_listen_t *place = &self->places[i];
        bool is_open = !place->identity && !is_loopback(place->address);
        log_info("gateway: listening", LOG_TEXT("address", place->address));
        if (is_open && asks)
            log_warn("gateway: without TLS whoever is on the way can read tokens: a certificate is needed here, or a proxy "
                     "in front that has one",
                     LOG_TEXT("address", place->address), LOG_TEXT("key", "gatewayd.listen[].tls"));
        else if (is_open)
            log_warn("gateway: WHOEVER REACHES THIS ADDRESS GETS IN, and whoever is on the way reads along: neither tokens nor "
                     "TLS are asked for",
                     LOG_TEXT("address", place->address), LOG_TEXT("keys", "gatewayd.auth, gatewayd.listen[].tls"));
    }
}
