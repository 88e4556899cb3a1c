#include "tests/bench/watch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/* Threads that have ended are not counted: those who are watched have none. */
int64_t watch_cpu_ns(int pid)
{
    char path[64], file[384];
    int64_t sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        char line[64] = "";
        snprintf(file, sizeof file, "%s/%s/schedstat", path, task->d_name);
        FILE *stat = task->d_name[0] != '.' ? fopen(file, "r") : NULL;
        if (stat && fgets(line, sizeof line, stat))
            sum += strtoll(line, NULL, 10);
        if (stat)
            fclose(stat);
    }
    if (tasks)
        closedir(tasks);
    return sum;
}
