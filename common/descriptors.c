#include "common/descriptors.h"

#include "common/log.h"

#include <sys/resource.h>

bool descriptors_suffice(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_LEAST)
        return true;
    if (limit.rlim_max >= DESCRIPTORS_LEAST) {
        limit.rlim_cur = DESCRIPTORS_LEAST;
        return setrlimit(RLIMIT_NOFILE, &limit) == 0;
    }
    log_error("process: too few file descriptors: raise the limit (ulimit -n, LimitNOFILE)",
              LOG_U64("expected_at_least", DESCRIPTORS_LEAST), LOG_U64("found", limit.rlim_max));
    return false;
}
