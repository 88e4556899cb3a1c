#include "gatewayd/doors/ending.h"

#include "common/clock.h"
#include "common/log.h"

void ending_log(const char *transport, const char *address, unsigned code, text_t reason)
{
    static log_limit_t limit;
    if (log_allowed(&limit, clock_mono_ns()))
        log_info("client: closed by the gateway", LOG_TEXT("transport", transport), LOG_TEXT("address", address),
                 LOG_U64("code", code), LOG_SLICE("reason", reason), LOG_U64("suppressed", log_suppressed(&limit)));
}
