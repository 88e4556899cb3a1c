/* A configuration: lines of --set (a.b=c) and of the environment (DATAFLOW_A__B=c) up to an empty line, then the file. What is taken is printed as
 * JSON, which is taken again and prints the same. */
#include "common/config/config.h"
#include "common/json/json.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINES_MAX = 16 };

typedef struct {
    char *settings[LINES_MAX + 1], *environment[LINES_MAX + 1]; /* owned; end with NULL */
    size_t setting_count, environment_count;
} config_lines_t;

static void take_lines(config_lines_t *self, text_t *rest)
{
    for (text_t line = take_until(rest, '\n'); line.length > 0; line = take_until(rest, '\n')) {
        bool variable = text_starts_with(line, TEXT("DATAFLOW_"));
        size_t *count = variable ? &self->environment_count : &self->setting_count;
        if (*count < LINES_MAX)
            (variable ? self->environment : self->settings)[(*count)++] = strndup(line.at, line.length);
    }
}

static void release_lines(config_lines_t *self)
{
    for (size_t i = 0; i < LINES_MAX; i++) {
        free(self->settings[i]);
        free(self->environment[i]);
    }
}

/* With what it says about mistakes thrown away. */
static config_t *load(text_t file, const config_lines_t *lines)
{
    static FILE *nowhere;
    char path[32];
    int fd = memfd_create("config", MFD_CLOEXEC);
    require(fd != -1 && write(fd, file.at, file.length) == (ssize_t)file.length);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    FILE *kept = stderr;
    stderr = nowhere ? nowhere : (nowhere = fopen("/dev/null", "w"));
    config_t *config =
        config_load(path, (const char *const *)lines->settings, lines->setting_count, (char *const *)lines->environment);
    stderr = kept;
    close(fd);
    return config;
}

/* A secret is printed as ***, which need not be a good one. */
static void check_print(config_t *config)
{
    static const config_lines_t none;
    char *printed = config_print(config);
    require(printed && json_valid(text_of(printed)));
    config_t *again = strstr(printed, "***") ? NULL : load(text_of(printed), &none);
    if (again) {
        char *same = config_print(again);
        require(same && strcmp(same, printed) == 0);
        free(same);
    }
    require(again || strstr(printed, "***"));
    config_destroy(&again);
    free(printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t rest = {(const char *)data, size};
    config_lines_t lines = {0};
    take_lines(&lines, &rest);
    config_t *config = load(rest.length > 0 ? rest : TEXT("{}"), &lines);
    if (config)
        check_print(config);
    config_destroy(&config);
    release_lines(&lines);
    return 0;
}
