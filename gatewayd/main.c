/* gatewayd: trades for browsers and programs, over WebSocket. */
#include "common/daemon/daemon.h"
#include "gatewayd/auth/auth.h"
#include "gatewayd/gateway.h"
#include "gatewayd/listeners.h"
#include "gatewayd/methods/methods.h"
#include "gatewayd/operator/client_list.h"
#include "gatewayd/operator/subscription_list.h"

/* The mistakes in what the configuration names: certificates, and keys of tokens. */
static bool check(const config_t *config, void (*report)(const char *mistake))
{
    bool listeners = listeners_check(config, report), keys = auth_check(config, report);
    return listeners && keys;
}

static void *start(loop_t *loop, const config_t *config)
{
    static const operator_lists_t lists = {.clients_begin = client_list_begin,
                                           .clients_step = client_list_step,
                                           .streams = subscription_list_print,
                                           .streams_of = subscription_list_print_client};
    return gateway_new(loop, config, methods_call, &lists);
}

static void stop(void *process)
{
    gateway_t *gateway = process;
    gateway_destroy(&gateway);
}

static const daemon_t program = {
    .name = "gatewayd",
    .purpose = "hands trades to clients over WebSocket",
    .check = check,
    .start = start,
    .stop = stop,
    .reload = &gateway_reload_events,
};

int main(int argc, char **argv)
{
    return daemon_main(argc, argv, &program);
}
