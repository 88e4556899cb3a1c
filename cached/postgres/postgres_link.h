/* A connection to PostgreSQL that is opened when needed, with our schema created or migrated. A boundary file: it and postgres*.c know
 * libpq.
 *
 * After anything but STORE_OK the connection is closed, with any open transaction; the next call opens a new one.
 */
#pragma once

#include <libpq-fe.h>

#include "cached/stores/store.h"

typedef struct {
    char *url;    /* owned */
    PGconn *conn; /* NULL: not connected */
} postgres_link_t;

/* Connects if not connected. */
store_result_t postgres_link_ensure(postgres_link_t *self, char *error);
void postgres_link_close(postgres_link_t *self);

/* Runs one or several statements (printf's form, for numbers only) and returns the last one's result, as text; the caller clears it.
 * result: may be NULL. */
store_result_t postgres_link_run(postgres_link_t *self, PGresult **result, char *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for a statement already printed, with one text as $1. */
store_result_t postgres_link_run_with(postgres_link_t *self, PGresult **result, char *error, const char *statement,
                                      text_t text);

/* The meaning of a result, and a message. Closes the connection unless it is STORE_OK. */
store_result_t postgres_link_check(postgres_link_t *self, const PGresult *result, char *error);

/* From a row of text: a number, a cursor in two columns. */
int64_t postgres_number(const PGresult *result, int row, int column);
cursor_t postgres_cursor(const PGresult *result, int row, int column);

/* postgres_schema.c: creates or migrates the schema. */
store_result_t postgres_schema_ensure(postgres_link_t *self, char *error);
