/* A server that a test starts in a folder of its own, from what is installed, and that does not outlive it. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/temporary_folder.h"

enum { SERVER_PATIENCE_S = 60 };

typedef struct {
    folder_t folder;
    const struct passwd *user; /* whom it runs as; NULL: as we do */
    pid_t pid;
    time_t deadline;
} server_process_t;

/* The path of a program, in PATH or where Debian keeps PostgreSQL's. NULL when there is none. */
static inline const char *server_find(const char *program)
{
    static char path[128];
    static const char *const folders[] = {"/usr/bin",
                                          "/usr/local/bin",
                                          "/usr/sbin",
                                          "/usr/lib/postgresql/17/bin",
                                          "/usr/lib/postgresql/16/bin",
                                          "/usr/lib/postgresql/15/bin"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/%s", folders[i], program);
        if (access(path, X_OK) == 0)
            return path;
    }
    return NULL;
}

/* user: whom it has to run as when we are root. NULL: nobody special. */
static inline server_process_t server_process_new(const char *user)
{
    server_process_t self = {.folder = folder_new(), .user = user && getuid() == 0 ? getpwnam(user) : NULL};
    if (self.user)
        ck_assert_int_eq(chown(self.folder.path, self.user->pw_uid, self.user->pw_gid), 0);
    return self;
}

/* In the child: becomes the program. Its parent's end is its own. */
static inline void server_process_become(const server_process_t *self, const char *const *arguments)
{
    char log[96];
    snprintf(log, sizeof log, "%s/server.log", self->folder.path);
    if (self->user && (setgid(self->user->pw_gid) != 0 || setuid(self->user->pw_uid) != 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0640);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    if (chdir(self->folder.path) == 0)
        execv(arguments[0], (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static inline void server_process_start(server_process_t *self, const char *const *arguments)
{
    self->deadline = time(NULL) + SERVER_PATIENCE_S;
    self->pid = fork();
    ck_assert_int_ge(self->pid, 0);
    if (self->pid == 0)
        server_process_become(self, arguments);
}

/* Between two looks whether it is up yet. */
static inline void server_process_wait(const server_process_t *self)
{
    ck_assert_msg(waitpid(self->pid, NULL, WNOHANG) == 0, "the server ended: see %s/server.log", self->folder.path);
    ck_assert_msg(time(NULL) < self->deadline, "the server does not come up: see %s/server.log", self->folder.path);
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* Runs a program to its end. */
static inline void server_process_run(server_process_t *self, const char *const *arguments)
{
    int status;
    server_process_start(self, arguments);
    ck_assert_int_eq(waitpid(self->pid, &status, 0), self->pid);
    self->pid = 0;
    ck_assert_msg(status == 0, "%s failed: see %s/server.log", arguments[0], self->folder.path);
}

static inline void server_process_stop(server_process_t *self)
{
    if (self->pid <= 0)
        return;
    kill(self->pid, SIGQUIT);
    kill(self->pid, SIGTERM); /* Redis takes no SIGQUIT */
    waitpid(self->pid, NULL, 0);
    self->pid = 0;
}

static inline void server_process_destroy(server_process_t *self)
{
    server_process_stop(self);
    folder_remove(&self->folder);
}
