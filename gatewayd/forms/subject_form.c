#include "gatewayd/forms/subject_form.h"

void subject_form_put(json_writer_t *json, text_t subject)
{
    text_t channel, key;
    subject_split(subject, &channel, &key);
    json_put_text(json, "channel", channel);
    json_put_text(json, "symbol", key);
}

const char *subject_form_list(text_t subject)
{
    return subject_is_symbol(subject) ? "trades" : "records";
}

text_t subject_form_method(char out[static SUBJECT_FORM_METHOD_MAX], text_t subject, text_t event)
{
    text_t channel, key;
    subject_split(subject, &channel, &key);
    memcpy(out, channel.at, channel.length);
    out[channel.length] = '.';
    memcpy(out + channel.length + 1, event.at, event.length);
    return (text_t){out, channel.length + 1 + event.length};
}
