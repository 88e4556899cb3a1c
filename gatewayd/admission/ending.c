#include "gatewayd/admission/ending.h"

#include "common/clock.h"
#include "common/log.h"

void ending_log(const char *transport, const char *address, unsigned code, text_t reason)
{
    static log_limit_t limit;
    log_info_limited(&limit, "client: closed by the gateway", LOG_TEXT("transport", transport), LOG_TEXT("address", address),
                     LOG_U64("code", code), LOG_SLICE("reason", reason));
}
