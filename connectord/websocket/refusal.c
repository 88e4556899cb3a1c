#include "connectord/websocket/refusal.h"

#include "common/clock.h"

#include <stdio.h>
#include <time.h>

enum { DATE_MAX = 64 };

/* The words are ours rather than the server's, which may be any. */
static const struct {
    unsigned status;
    const char *name, *meaning; /* NULL: the name says it */
    loss_kind_t kind;
} statuses[] = {
    {400, "Bad Request", NULL, LOSS_USUAL},
    {401, "Unauthorized", "credentials are missing or wrong", LOSS_REFUSED},
    {403, "Forbidden", "not allowed for us, or from here", LOSS_REFUSED},
    {404, "Not Found", "is the URL's path right?", LOSS_USUAL},
    {410, "Gone", "is the URL's path right?", LOSS_USUAL},
    {426, "Upgrade Required", NULL, LOSS_USUAL},
    {429, "Too Many Requests", "we asked too often", LOSS_USUAL},
    {451, "Unavailable For Legal Reasons", "not available in this region", LOSS_REFUSED},
    {500, "Internal Server Error", NULL, LOSS_USUAL},
    {502, "Bad Gateway", NULL, LOSS_USUAL},
    {503, "Service Unavailable", NULL, LOSS_USUAL},
    {504, "Gateway Timeout", NULL, LOSS_USUAL},
};

/* The three forms of RFC 9110, 5.6.7. */
static bool read_date(text_t text, int64_t *ns)
{
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"};
    char copy[DATE_MAX];
    if (text.length == 0 || text.length >= sizeof copy)
        return false;
    memcpy(copy, text.at, text.length);
    copy[text.length] = '\0';
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm parts = {0};
        const char *end = strptime(copy, forms[i], &parts);
        if (!end || *end != '\0')
            continue;
        *ns = timegm(&parts) * NS_PER_S;
        return true;
    }
    return false;
}

static uint32_t bounded(int64_t ms)
{
    return ms < 0 ? 0 : ms > REFUSAL_RETRY_MAX_MS ? REFUSAL_RETRY_MAX_MS : (uint32_t)ms;
}

static bool all_digits(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return text.length > 0;
}

uint32_t refusal_retry_after_ms(const refusal_t *self, int64_t now_ns)
{
    text_t text = text_trim(self->retry_after);
    uint64_t seconds;
    int64_t until_ns, from_ns;
    if (all_digits(text)) {
        bool few = text_to_u64(text, &seconds) && seconds < REFUSAL_RETRY_MAX_MS / 1000;
        return few ? (uint32_t)seconds * 1000 : REFUSAL_RETRY_MAX_MS;
    }
    if (!read_date(text, &until_ns))
        return 0;
    if (!read_date(text_trim(self->date), &from_ns))
        from_ns = now_ns;
    return bounded((until_ns - from_ns) / NS_PER_MS);
}

/* -1: none of those above. */
static int find(unsigned status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].status == status)
            return (int)i;
    return -1;
}

loss_kind_t refusal_kind(const refusal_t *self)
{
    int known = find(self->status);
    return known >= 0 ? statuses[known].kind : LOSS_USUAL;
}

void refusal_print(const refusal_t *self, int64_t now_ns, char out[static REFUSAL_REASON_MAX])
{
    int known = find(self->status);
    const char *name = known >= 0 ? statuses[known].name : "", *meaning = known >= 0 ? statuses[known].meaning : NULL;
    if (self->status >= 300 && self->status < 400)
        meaning = "redirects are not followed";
    else if (self->status < 300)
        meaning = "expected 101, a WebSocket";
    char retry[48] = "";
    uint32_t retry_ms = refusal_retry_after_ms(self, now_ns);
    if (retry_ms > 0)
        snprintf(retry, sizeof retry, ", not to be tried for %u s", (retry_ms + 999) / 1000);
    snprintf(out, REFUSAL_REASON_MAX, "the exchange refuses: %u%s%s%s%s%s%s", self->status, *name ? " " : "", name,
             meaning ? " (" : "", meaning ? meaning : "", meaning ? ")" : "", retry);
}
