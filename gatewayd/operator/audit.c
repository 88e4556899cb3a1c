#include "gatewayd/operator/audit.h"

#include "common/log.h"

enum { SHOWN_MAX = 256 /* bytes of a path, or of a detail */ };

static text_t subject_of(const audit_t *self)
{
    return self->identity ? identity_subject(self->identity) : TEXT("");
}

static text_t role_of(const audit_t *self)
{
    return self->identity ? role_name(self->identity->role) : TEXT("");
}

#define AUDIT_FIELDS(self)                                                                                                     \
    LOG_SLICE("subject", subject_of(self)), LOG_SLICE("role", role_of(self)), LOG_SLICE("address", (self)->address),           \
        LOG_SLICE("method", (self)->method), LOG_SLICE("path", text_cut((self)->path, SHOWN_MAX)),                             \
        LOG_U64("status", (self)->status), LOG_SLICE("detail", text_cut((self)->detail, SHOWN_MAX))

void audit_done(const audit_t *self)
{
    log_info("audit: done", AUDIT_FIELDS(self));
}

void audit_refused(const audit_t *self)
{
    static log_limit_t limit;
    log_warn_limited(&limit, "audit: refused", AUDIT_FIELDS(self));
}
