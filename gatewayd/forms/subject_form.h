/* How clients are told of a stream's subject (topic.h):
 *
 *     BTC-USD              "channel":"trades","symbol":"BTC-USD"         trades.update      "trades":[…]
 *     readings.sensor-7    "channel":"readings","symbol":"sensor-7"      readings.update    "records":[…]
 */
#pragma once

#include "common/json/json_write.h"
#include "proto/topic.h"

enum { SUBJECT_FORM_METHOD_MAX = CHANNEL_MAX + sizeof ".update" };

/* The two members; nothing is needed of the subject but that it is valid. */
void subject_form_put(json_writer_t *json, text_t subject);

/* What a list of its records is called. */
const char *subject_form_list(text_t subject);

/* The name of a notification, into `out`. event: "update" or "gap". */
text_t subject_form_method(char out[static SUBJECT_FORM_METHOD_MAX], text_t subject, text_t event);
