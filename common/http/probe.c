#include "common/http/probe.h"

#include "common/http/http_server.h"
#include "common/json/json_write.h"
#include "common/metrics/process_metrics.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    BUDGET_BYTES = 32 << 20,
    CONNECTIONS_MAX = 256, /* there are few who look; the other descriptors are for what the process is for */
    KEY_MAX = 64
};

struct probe {
    const loop_t *loop;
    hosts_t hosts;
    budget_t budget;
    char hosts_key[KEY_MAX];
    http_server_t *server;
    const probe_answers_t *answers;
    void *arg;
};

static void answer_json(http_connection_t *to, unsigned status, text_t body)
{
    http_answer(to, &(http_answer_t){.status = status, .content_type = "application/json", .body = body});
}

static void answer_ready(probe_t *self, http_connection_t *to)
{
    buffer_t json = buffer_new(0);
    bool ready = false;
    self->answers->ready(self->arg, &json, &ready);
    buffer_append(&json, TEXT("\n"));
    answer_json(to, ready ? 200 : 503, buffer_text(&json));
    buffer_release(&json);
}

static void print_metrics(probe_t *self, buffer_t *text)
{
    metrics_t metrics = {.out = text};
    buffer_t json = buffer_new(0); /* not wanted here */
    bool ready = false;
    self->answers->ready(self->arg, &json, &ready);
    buffer_release(&json);
    process_metrics(&metrics, self->loop);
    metrics_gauge(&metrics, "dataflow_ready", "1: ready", ready);
    http_server_metrics(self->server, &metrics);
    self->answers->metrics(self->arg, &metrics);
}

static void answer_metrics(probe_t *self, http_connection_t *to)
{
    buffer_t text = buffer_new(0);
    print_metrics(self, &text);
    if (buffer_ok(&text))
        http_answer(to, &(http_answer_t){.status = 200, .content_type = METRICS_CONTENT_TYPE, .body = buffer_text(&text)});
    else
        answer_json(to, 503, TEXT(HTTP_ERROR_BODY("out of memory")));
    buffer_release(&text);
}

static void answer_alive(http_connection_t *to)
{
    buffer_t text = buffer_new(0);
    json_writer_t json = json_write(&text);
    json_open_object(&json, NULL);
    json_put_bool(&json, "alive", true);
    json_close_object(&json);
    buffer_append(&text, TEXT("\n"));
    answer_json(to, 200, buffer_text(&text));
    buffer_release(&text);
}

static void on_request(void *arg, http_connection_t *from, const http_request_t *request)
{
    probe_t *self = arg;
    if (self->answers->request && self->answers->request(self->arg, from, request))
        return;
    if (!http_request_is(request, "GET") && !http_request_is(request, "HEAD"))
        answer_json(from, 405, TEXT(HTTP_ERROR_BODY("expected GET")));
    else if (text_equal(request->path, TEXT("/health")))
        answer_alive(from);
    else if (text_equal(request->path, TEXT("/ready")))
        answer_ready(self, from);
    else if (text_equal(request->path, TEXT("/metrics")))
        answer_metrics(self, from);
    else
        answer_json(from, 404, TEXT(HTTP_ERROR_BODY("expected /health, /ready or /metrics")));
}

probe_t *probe_new(loop_t *loop, const config_t *config, const char *section, const probe_answers_t *answers, void *arg)
{
    probe_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->loop = loop;
    self->answers = answers;
    self->arg = arg;
    snprintf(self->hosts_key, sizeof self->hosts_key, "%s.hosts", section);
    http_config_t http = {.listen = {{.address = config_text(config, "%s.http", section)}},
                          .hosts = &self->hosts,
                          .connections = CONNECTIONS_MAX,
                          .budget = &self->budget};
    budget_init(&self->budget, BUDGET_BYTES);
    hosts_init(&self->hosts, config, self->hosts_key);
    hosts_listen(&self->hosts, http.listen[0].address);
    self->server = http_server_new(loop, &http, on_request, self);
    if (!self->server)
        probe_destroy(&self);
    return self;
}

void probe_destroy(probe_t **self_p)
{
    probe_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    http_server_destroy(&self->server);
    free(self);
}
