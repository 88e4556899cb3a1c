#include "common/descriptors.h"

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
