#include "common/probe.h"

#include "common/http.h"
#include "common/process_metrics.h"

#include <libwebsockets.h>
#include <stdlib.h>

struct probe {
    const loop_t *loop;
    const probe_answers_t *answers;
    void *arg;
};

static int answer_json(struct lws *wsi, unsigned status, text_t body)
{
    return http_answer(wsi, &(http_answer_t){.status = status, .content_type = "application/json", .body = body});
}

static int answer_ready(probe_t *self, struct lws *wsi)
{
    buffer_t json = buffer_new(0);
    bool ready = false;
    self->answers->ready(self->arg, &json, &ready);
    buffer_append(&json, TEXT("\n"));
    int rc = answer_json(wsi, ready ? 200 : 503, buffer_text(&json));
    buffer_release(&json);
    return rc;
}

static void print_metrics(probe_t *self, buffer_t *text)
{
    metrics_t metrics = {.out = text};
    buffer_t json = buffer_new(0); /* not wanted here */
    bool ready = false;
    self->answers->ready(self->arg, &json, &ready);
    buffer_release(&json);
    process_metrics(&metrics, self->loop);
    metrics_gauge(&metrics, "dataflow_ready", "1: /ready says yes", ready);
    self->answers->metrics(self->arg, &metrics);
}

static int answer_metrics(probe_t *self, struct lws *wsi)
{
    buffer_t text = buffer_new(0);
    print_metrics(self, &text);
    http_answer_t answer = {.status = 200, .content_type = METRICS_CONTENT_TYPE, .body = buffer_text(&text)};
    int rc = buffer_ok(&text) ? http_answer(wsi, &answer) : answer_json(wsi, 503, TEXT("{\"error\":\"out of memory\"}\n"));
    buffer_release(&text);
    return rc;
}

static int on_request(probe_t *self, struct lws *wsi, text_t path)
{
    if (!http_is_read(wsi))
        return answer_json(wsi, 405, TEXT("{\"error\":\"expected GET\"}\n"));
    if (text_equal(path, TEXT("/health")))
        return answer_json(wsi, 200, TEXT("{\"alive\":true}\n"));
    if (text_equal(path, TEXT("/ready")))
        return answer_ready(self, wsi);
    if (text_equal(path, TEXT("/metrics")))
        return answer_metrics(self, wsi);
    return answer_json(wsi, 404, TEXT("{\"error\":\"expected /health, /ready or /metrics\"}\n"));
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    if (reason == LWS_CALLBACK_HTTP)
        return on_request(lws_vhost_user(lws_get_vhost(wsi)), wsi, http_path(in, length));
    return lws_callback_http_dummy(wsi, reason, user, in, length);
}

static const struct lws_protocols protocols[] = {{.name = "http", .callback = on_event}, {0}};

probe_t *probe_new(loop_t *loop, web_t *web, const char *address, const probe_answers_t *answers, void *arg)
{
    probe_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (probe_t){.loop = loop, .answers = answers, .arg = arg};
    if (!web_listen(web, address, protocols, NULL, self)) {
        free(self);
        return NULL;
    }
    return self;
}

void probe_destroy(probe_t **self)
{
    free(*self);
    *self = NULL;
}
