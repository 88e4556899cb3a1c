#include "common/metrics/process_metrics.h"

#include "common/clock.h"
#include "common/version.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* statm: the sizes of everything and of what is resident, in pages. */
static uint64_t resident_bytes(void)
{
    char line[256] = "", *resident = line;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fgets(line, sizeof line, file))
        strtoull(line, &resident, 10);
    fclose(file);
    return strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_fds(void)
{
    uint64_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count - 1; /* without the folder's own */
}

static int64_t cpu_ns(void)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * NS_PER_US;
}

static uint64_t max_fds(void)
{
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

/* The names without our prefix are those that all of Prometheus's client libraries use. */
void process_metrics(metrics_t *metrics, const loop_t *loop)
{
    metrics_family(metrics, "dataflow_build_info", METRIC_GAUGE, "Always 1; the labels have the version");
    metrics_u64(metrics, METRIC_LABELS({"version", TEXT(DATAFLOW_VERSION)}), 1);
    metrics_family(metrics, "process_start_time_seconds", METRIC_GAUGE, "When the process started, since 1970");
    metrics_seconds(metrics, NULL, loop_started_ns(loop));
    metrics_family(metrics, "process_cpu_seconds_total", METRIC_COUNTER, "CPU time spent, user and system");
    metrics_seconds(metrics, NULL, cpu_ns());
    metrics_gauge(metrics, "process_resident_memory_bytes", "Memory in use", resident_bytes());
    metrics_gauge(metrics, "process_open_fds", "File descriptors in use", open_fds());
    metrics_gauge(metrics, "process_max_fds", "Limit of file descriptors", max_fds());
    metrics_family(metrics, "dataflow_loop_lag_seconds", METRIC_HISTOGRAM,
                   "How late an event loop timer fires that is due ten times a second");
    metrics_histogram(metrics, NULL, loop_lag(loop));
    metrics_family(metrics, "dataflow_stood_still_seconds_total", METRIC_COUNTER,
                   "Time in which the process did not run: stopped, swapped out, or not scheduled");
    metrics_seconds(metrics, NULL, clock_stood_still_ns());
}
