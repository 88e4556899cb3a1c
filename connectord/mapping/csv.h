/* CSV (RFC 4180) as JSON objects, a row at a time: the first line names the columns, and each value is a text.
 *
 *     time,price          {"time":"1630048897","price":"42219.90"}
 *     1630048897,42219.90
 *
 * Lines end in CRLF or LF; empty ones mean nothing, nor does a byte order mark. Values stay as they are, with their spaces.
 * A row that is wrong is left out, and those behind it are read. What is read at a time is bounded: by CSV_COLUMNS_MAX and
 * CSV_ROW_MAX.
 */
#pragma once

#include "common/buffer.h"

enum { CSV_COLUMNS_MAX = 256, CSV_ROW_MAX = 64 << 10 /* bytes of a row as JSON */, CSV_ERROR_MAX = 160 };

typedef struct {
    text_t rest;         /* not read yet */
    uint64_t line, next; /* where the last row begins, and the next one; from 1 */
    buffer_t names;      /* of the columns, one behind the other */
    size_t ends[CSV_COLUMNS_MAX];
    size_t columns;
    buffer_t value, row; /* of the field that is read; JSON */
} csv_t;

typedef enum { CSV_ROW, CSV_FAULT, CSV_END } csv_result_t;

/* Reads the names of the columns; `text` must outlive it. False with what was expected and found. csv_release after both.
 * */
bool csv_open(csv_t *self, text_t text, char error[static CSV_ERROR_MAX]);

/* CSV_ROW: the next row is in *row, as a JSON object that is valid until the next call. CSV_FAULT: it is left out, and in
 * *row as it stands there; `error` says what was expected and found. */
csv_result_t csv_next(csv_t *self, text_t *row, char error[static CSV_ERROR_MAX]);

void csv_release(csv_t *self);
