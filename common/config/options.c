#include "common/config/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/config/schema.h"
#include "common/log.h"
#include "common/version.h"

enum { EXIT_WRONG_OPTION = 2, SETTINGS_MAX = 1024 };

typedef enum { MODE_RUN, MODE_CHECK, MODE_PRINT, MODE_PRINT_KEYS, MODE_VERSION, MODE_HELP, MODE_WRONG } options_mode_t;

typedef struct {
    const char *file; /* NULL: not given */
    const char *settings[SETTINGS_MAX];
    size_t setting_count;
} options_t;

static const char help_options[] = "Options:\n"
                                   "  --config FILE    Read the configuration from FILE. The default is the file\n"
                                   "                   that DATAFLOW_CONFIG names; without either, all keys have\n"
                                   "                   their defaults.\n"
                                   "  --set KEY=VALUE  Set a key; overrides the file and the environment. May be\n"
                                   "                   repeated.\n"
                                   "  --check          Check the configuration, report every mistake, and exit: 0 if\n"
                                   "                   it is valid, 1 otherwise.\n"
                                   "  --print          Print the configuration in effect as JSON, secrets as \"***\",\n"
                                   "                   and exit.\n"
                                   "  --print-keys     Print all keys of all programs as a Markdown table, and exit.\n"
                                   "  --version        Print the version, and exit.\n"
                                   "  --help           Print this help, and exit.\n"
                                   "\n"
                                   "Every key may also come from the environment: DATAFLOW_SECTION__KEY=VALUE, list\n"
                                   "elements by number. The command line overrides the environment, and the\n"
                                   "environment the file.\n"
                                   "\n";

static options_mode_t wrong(const char *program)
{
    fprintf(stderr, "Try '%s --help'.\n", program);
    return MODE_WRONG;
}

static bool add_setting(options_t *self, const char *setting)
{
    if (self->setting_count == SETTINGS_MAX) {
        fprintf(stderr, "--set: at most %d times\n", SETTINGS_MAX);
        return false;
    }
    self->settings[self->setting_count++] = setting;
    return true;
}

/* The mode that ends soonest wins: --help over all. */
static options_mode_t parse(options_t *self, int argc, char **argv, const char *program)
{
    static const struct option known[] = {
        {"config", required_argument, NULL, 'c'},     {"set", required_argument, NULL, 's'},
        {"check", no_argument, NULL, MODE_CHECK},     {"print", no_argument, NULL, MODE_PRINT},
        {"help", no_argument, NULL, MODE_HELP},       {"print-keys", no_argument, NULL, MODE_PRINT_KEYS},
        {"version", no_argument, NULL, MODE_VERSION}, {0},
    };
    options_mode_t mode = MODE_RUN;
    int option;
    optind = 0; /* glibc: begin afresh, also when called again */
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'c')
            self->file = optarg;
        else if (option == 's' ? !add_setting(self, optarg) : option == '?')
            return wrong(program);
        else if (option != 's' && (options_mode_t)option > mode)
            mode = (options_mode_t)option;
    }
    if (optind < argc) {
        fprintf(stderr, "%s: unexpected argument '%s'\n", program, argv[optind]);
        return wrong(program);
    }
    return mode;
}

/* Has everything printed reached stdout? */
static int printed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_SUCCESS;
    perror("stdout");
    return EXIT_FAILURE;
}

static int print_help(const char *program, const char *purpose)
{
    printf("%s: %s\n\nUsage: %s [OPTION]...\n\n%s", program, purpose, program, help_options);
    printf("Keys:\n");
    schema_print_section(stdout, program);
    schema_print_section(stdout, "log");
    printf("\nExamples:\n"
           "  %s --config dataflow.json\n"
           "  %s --config dataflow.json --set log.level=debug\n"
           "  DATAFLOW_LOG__FORMAT=json %s --config dataflow.json --check\n",
           program, program, program);
    return printed();
}

static int print_config(const config_t *config)
{
    char *text = config_print(config);
    if (!text) {
        fprintf(stderr, "config: out of memory\n");
        return EXIT_FAILURE;
    }
    puts(text);
    free(text);
    return printed();
}

static const char *config_file(const options_t *options)
{
    const char *named = getenv("DATAFLOW_CONFIG");
    if (options->file)
        return options->file;
    return named && *named ? named : NULL;
}

static void open_log(const char *program, const config_t *config)
{
    log_level_t level = LOG_LEVEL_INFO;
    log_format_t format = LOG_FORMAT_HUMAN;
    log_level_parse(text_of(config_text(config, "log.level")), &level); /* the schema takes no other words than these do */
    log_format_parse(text_of(config_text(config, "log.format")), &format);
    log_open(program, level, format);
}

/* Ends what needs no configuration: true, with the exit code. */
static bool ends_at_once(options_mode_t mode, const char *program, const char *purpose, int *exit_code)
{
    switch (mode) {
    case MODE_WRONG:
        *exit_code = EXIT_WRONG_OPTION;
        return true;
    case MODE_HELP:
        *exit_code = print_help(program, purpose);
        return true;
    case MODE_VERSION:
        printf("%s %s\n", program, DATAFLOW_VERSION);
        *exit_code = printed();
        return true;
    case MODE_PRINT_KEYS:
        schema_print_markdown(stdout);
        *exit_code = printed();
        return true;
    case MODE_RUN:
    case MODE_CHECK:
    case MODE_PRINT:
        break;
    }
    return false;
}

static void print_mistake(const char *mistake)
{
    fprintf(stderr, "config: %s\n", mistake);
}

bool options_start(int argc, char **argv, const char *program, const char *purpose, options_check_fn *check, config_t **config,
                   int *exit_code)
{
    options_t options = {0};
    *config = NULL;
    options_mode_t mode = parse(&options, argc, argv, program);
    if (ends_at_once(mode, program, purpose, exit_code))
        return false;
    *exit_code = EXIT_FAILURE;
    *config = config_load(config_file(&options), options.settings, options.setting_count, environ);
    if (*config && mode == MODE_CHECK && check && !check(*config, print_mistake))
        config_destroy(config);
    if (!*config)
        return false;
    if (mode == MODE_RUN) {
        open_log(program, *config);
        return true;
    }
    if (mode == MODE_CHECK)
        puts("configuration: no mistakes");
    *exit_code = mode == MODE_PRINT ? print_config(*config) : printed();
    config_destroy(config);
    return false;
}
