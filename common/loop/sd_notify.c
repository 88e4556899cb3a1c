#include "common/loop/sd_notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

struct sd_notify {
    int fd; /* connected; -1: nobody is to be told */
    uint64_t watchdog_ms;
    loop_timer_t *watchdog; /* NULL: nobody watches */
};

static void tell(const sd_notify_t *self, const char *state)
{
    static log_limit_t limit;
    if (self->fd == -1 || send(self->fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT) != -1)
        return;
    log_warn_limited(&limit, "sd_notify: can't notify systemd", LOG_TEXT("state", state), LOG_ERRNO());
}

static void on_watchdog(void *arg)
{
    tell(arg, "WATCHDOG=1");
}

/* Connects to the socket of that name; "@name" is in the abstract namespace. */
static bool sd_notify_connect(sd_notify_t *self, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length >= sizeof address.sun_path) {
        log_error("sd_notify: NOTIFY_SOCKET: expected an absolute path or @name", LOG_TEXT("found", name));
        return false;
    }
    memcpy(address.sun_path, name, length);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    self->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (self->fd != -1 && connect(self->fd, (struct sockaddr *)&address, size) == 0)
        return true;
    log_error("sd_notify: can't reach systemd", LOG_TEXT("socket", name), LOG_ERRNO());
    return false;
}

/* The time within which a sign of life is expected, in ms; 0: nobody waits for one. */
static uint64_t watchdog_ms(void)
{
    uint64_t usec, pid;
    const char *within = getenv("WATCHDOG_USEC");
    const char *whom = getenv("WATCHDOG_PID");
    if (!within || !text_to_u64(text_of(within), &usec))
        return 0;
    if (whom && (!text_to_u64(text_of(whom), &pid) || pid != (uint64_t)getpid()))
        return 0;
    return usec / 1000;
}

sd_notify_t *sd_notify_new(loop_t *loop)
{
    const char *name = getenv("NOTIFY_SOCKET");
    sd_notify_t *self = calloc(1, sizeof *self);
    if (!self)
        goto no_memory;
    self->fd = -1;
    if (!name || !*name)
        return self;
    if (!sd_notify_connect(self, name))
        goto fail;
    self->watchdog_ms = watchdog_ms();
    if (self->watchdog_ms > 0 && !(self->watchdog = loop_timer_new(loop, on_watchdog, self)))
        goto no_memory;
    return self;
no_memory:
    log_error("sd_notify: out of memory");
fail:
    sd_notify_destroy(&self);
    return NULL;
}

void sd_notify_ready(sd_notify_t *self)
{
    tell(self, "READY=1");
    if (self->watchdog && !loop_timer_running(self->watchdog)) {
        uint64_t half_ms = self->watchdog_ms / 2 > 0 ? self->watchdog_ms / 2 : 1;
        loop_timer_start(self->watchdog, half_ms, half_ms);
    }
}

void sd_notify_reloading(sd_notify_t *self)
{
    char state[64]; /* newer systemd (Type=notify-reload) wants the time, older ones pass it over */
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_mono_ns() / NS_PER_US);
    tell(self, state);
}

void sd_notify_stopping(sd_notify_t *self)
{
    tell(self, "STOPPING=1");
}

void sd_notify_destroy(sd_notify_t **self_p)
{
    sd_notify_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    loop_timer_destroy(&self->watchdog);
    if (self->fd != -1)
        close(self->fd);
    free(self);
}
