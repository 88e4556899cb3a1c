#include "gatewayd/forms/answer_form.h"

#include "gatewayd/forms/page_token.h"
#include "proto/request.h"

enum { HUB_COUNT_DEFAULT = 50 };

static const answer_form_recent_t recents[ANSWER_FORM_COUNT] = {
    [ANSWER_RPC] = {.count = REQUEST_COUNT_DEFAULT},
    [ANSWER_LIST] = {.count = HUB_COUNT_DEFAULT, .needs_channel = true},
    [ANSWER_REST] = {.count = REQUEST_COUNT_DEFAULT},
};

static const text_t begins[ANSWER_FORM_COUNT] = {
    [ANSWER_RPC] = TEXT_CONST("{"), [ANSWER_REST] = TEXT_CONST(ANSWER_REST_BEGIN ",")};

void answer_form_begin(answer_form_t form, text_t members, buffer_t *out)
{
    if (form == ANSWER_LIST)
        return;
    buffer_append(out, begins[form]);
    buffer_append(out, members);
    buffer_append(out, TEXT(","));
}

static void put_next(answer_form_t form, text_t next, buffer_t *out)
{
    if (next.length == 0)
        return;
    buffer_append(out, TEXT(",\"next\":"));
    if (form != ANSWER_REST) {
        buffer_append(out, next);
        return;
    }
    buffer_append(out, TEXT("\""));
    page_token_append(out, next);
    buffer_append(out, TEXT("\""));
}

void answer_form_end(answer_form_t form, text_t members, text_t others, text_t next, buffer_t *out)
{
    if (form == ANSWER_LIST) {
        buffer_append(out, TEXT(ANSWER_PAGE));
        buffer_append(out, members);
    }
    buffer_append(out, others);
    put_next(form, next, out);
    buffer_append(out, form == ANSWER_REST ? TEXT("}\n") : TEXT("}}"));
}

const answer_form_recent_t *answer_form_recent(answer_form_t form)
{
    return &recents[form];
}
