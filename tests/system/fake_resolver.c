/* A getaddrinfo that asks a file first, which the environment's FAKE_HOSTS names: names get as many addresses as a test likes, none for a while,
 * or no answer at all. Preloaded, or linked into a test.
 *
 *     exchange.test 127.0.0.2 ::1 127.0.0.1     in this order
 *     exchange.test !again                      the resolver is in trouble: EAI_AGAIN
 *     exchange.test !wait                       no answer as long as the file says so
 *
 * It is read again for each question. A name that is not in it goes to the system.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE_MAX_BYTES = 1024 };

typedef int resolve_fn(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result);

/* What the file says behind the name. */
static bool look_up(const char *name, char line[static LINE_MAX_BYTES], char **rest)
{
    const char *path = getenv("FAKE_HOSTS");
    FILE *file = path ? fopen(path, "re") : NULL;
    bool found = false;
    size_t length = strlen(name);
    while (file && !found && fgets(line, LINE_MAX_BYTES, file))
        found = strncmp(line, name, length) == 0 && line[length] == ' ';
    if (file)
        fclose(file);
    *rest = line + length;
    return found;
}

/* All addresses, as one list. Its parts are libc's, so that freeaddrinfo takes it. */
static int list_addresses(resolve_fn *resolve, char *addresses, const char *service, const struct addrinfo *hints,
                          struct addrinfo **result)
{
    struct addrinfo **end = result, numeric = hints ? *hints : (struct addrinfo){0};
    char *rest;
    numeric.ai_flags |= AI_NUMERICHOST;
    *result = NULL;
    for (char *word = strtok_r(addresses, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        if (resolve(word, service, &numeric, end) != 0)
            continue;
        while (*end)
            end = &(*end)->ai_next;
    }
    return *result ? 0 : EAI_NONAME;
}

int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict result)
{
    char line[LINE_MAX_BYTES], *rest;
    resolve_fn *resolve;
    *(void **)&resolve = dlsym(RTLD_NEXT, "getaddrinfo");
    while (node && look_up(node, line, &rest)) {
        if (strstr(rest, "!again"))
            return EAI_AGAIN;
        if (!strstr(rest, "!wait"))
            return list_addresses(resolve, rest, service, hints, result);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return resolve(node, service, hints, result);
}
