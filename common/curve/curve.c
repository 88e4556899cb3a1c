#include "common/curve/curve.h"

#include "common/log.h"

#include <stdio.h>

enum { PATH_ROOM = 512 };

static struct {
    char folder[PATH_ROOM], own_path[PATH_ROOM];
    known_peers_t *known; /* NULL: without CURVE */
    certificate_t own;
    bool secured; /* a configuration says what is insecure */
    bool insecure;
} curve;

static bool read_files(known_peers_t **known, certificate_t *own, char wrong[static TRUSTED_FILE_WRONG_MAX])
{
    *known = certificate_read_own(own, curve.own_path, wrong) ? known_peers_read(curve.folder, wrong) : NULL;
    if (!*known)
        certificate_forget(own);
    return *known != NULL;
}

bool curve_use(const char *folder, const char *own, char wrong[static TRUSTED_FILE_WRONG_MAX])
{
    known_peers_destroy(&curve.known);
    certificate_forget(&curve.own);
    if (!folder)
        return true;
    snprintf(curve.folder, sizeof curve.folder, "%s", folder);
    snprintf(curve.own_path, sizeof curve.own_path, "%s", own);
    return read_files(&curve.known, &curve.own, wrong);
}

/* gatewayd listens on no ZeroMQ socket. */
static bool listens(const char *section)
{
    return strcmp(section, "gatewayd") != 0;
}

static bool use_configured(const config_t *config, const char *section, char *wrong)
{
    char usual[PATH_ROOM];
    const char *folder = config_text(config, "%s.curve.keys", section), *own = config_text(config, "%s.curve.key", section);
    if (!folder[0] && own[0]) {
        snprintf(wrong, TRUSTED_FILE_WRONG_MAX, "%s.curve.key needs a folder of keys: expected curve.keys, found none",
                 section);
        return false;
    }
    snprintf(usual, sizeof usual, "%s/%s.key", folder, section);
    return curve_use(folder[0] ? folder : NULL, own[0] ? own : usual, wrong);
}

bool curve_read(const config_t *config, const char *section)
{
    char wrong[TRUSTED_FILE_WRONG_MAX];
    curve.secured = true;
    curve.insecure = listens(section) && config_flag(config, "%s.insecure", section);
    if (!use_configured(config, section, wrong)) {
        log_error("curve: can't use the keys", LOG_TEXT("error", wrong));
        return false;
    }
    if (curve.known)
        log_info("curve: connections are encrypted, and only known keys are let in", LOG_TEXT("keys", curve.folder),
                 LOG_U64("known", known_peers_count(curve.known)), LOG_TEXT("own", curve.own.public_key));
    return true;
}

bool curve_check(const config_t *config, const char *section, void (*report)(const char *mistake))
{
    char wrong[TRUSTED_FILE_WRONG_MAX];
    bool good = use_configured(config, section, wrong);
    if (!good)
        report(wrong);
    curve_forget();
    return good;
}

void curve_forget(void)
{
    known_peers_destroy(&curve.known);
    certificate_forget(&curve.own);
    curve.secured = curve.insecure = false;
}

curve_change_t curve_reload(void)
{
    char wrong[TRUSTED_FILE_WRONG_MAX];
    certificate_t own;
    known_peers_t *known;
    if (!curve.known)
        return CURVE_SAME;
    if (!read_files(&known, &own, wrong)) {
        log_error("curve: the former keys stay", LOG_TEXT("error", wrong));
        return CURVE_SAME;
    }
    bool changed = strcmp(own.secret_key, curve.own.secret_key) != 0;
    known_peers_destroy(&curve.known);
    curve.known = known;
    curve.own = own;
    certificate_forget(&own);
    log_info("curve: keys read again", LOG_U64("known", known_peers_count(known)), LOG_TEXT("own", curve.own.public_key));
    return changed ? CURVE_OWN_CHANGED : CURVE_OTHERS_CHANGED;
}

bool curve_on(void)
{
    return curve.known != NULL;
}

bool curve_insecure(void)
{
    return !curve.secured || curve.insecure;
}

const char *curve_public_key(void)
{
    return curve.own.public_key;
}

const char *curve_secret_key(void)
{
    return curve.own.secret_key;
}

const known_peer_t *curve_peer(text_t public_key)
{
    return curve.known ? known_peers_find(curve.known, public_key) : NULL;
}

const known_peer_t *curve_server(const char *service, size_t number)
{
    return curve.known ? known_peers_server(curve.known, service, number) : NULL;
}
