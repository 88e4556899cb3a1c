#include "common/loop/descriptors.h"

#include "common/log.h"

#include <sys/resource.h>

void descriptors_limit(unsigned wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    rlim_t allowed = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (allowed < wanted)
        log_warn("process: fewer file descriptors than configured", LOG_U64("wanted", wanted), LOG_U64("allowed", allowed));
    limit.rlim_cur = allowed;
    setrlimit(RLIMIT_NOFILE, &limit);
}

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
