/* The kind of record that any channel beside trades has: a head, and the source's own JSON object (record.h). For record_kind.h. */
#pragma once

#include "proto/record.h"

/* As record_valid, record_print and record_parse, of this kind alone. */
bool json_record_valid(trade_t *record, const char **wrong);
size_t json_record_print(char *out, const trade_t *record);
bool json_record_parse(text_t json, trade_t *record);
