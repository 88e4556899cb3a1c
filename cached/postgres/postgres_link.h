/* A connection to PostgreSQL that is made when it is needed, with our schema made or migrated. A boundary file: it and postgres*.c know
 * libpq.
 *
 * After anything but STORE_OK the connection is closed, and with it a transaction that was open; the next call makes a new one.
 */
#pragma once

#include <libpq-fe.h>

#include "cached/stores/store.h"

typedef struct {
    char *url;    /* owned */
    PGconn *conn; /* NULL: not connected */
} postgres_link_t;

/* Connects where there is no connection. */
store_result_t postgres_link_ensure(postgres_link_t *self, char *error);
void postgres_link_close(postgres_link_t *self);

/* Runs one or several statements (printf's form, for numbers only) and gives the last one's result, as text; the caller clears it.
 * result: may be NULL. */
store_result_t postgres_link_run(postgres_link_t *self, PGresult **result, char *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same of a statement that is already printed and has one text as $1. */
store_result_t postgres_link_run_with(postgres_link_t *self, PGresult **result, char *error, const char *statement,
                                      text_t text);

/* What a result means, and a message. Closes the connection unless it is STORE_OK. */
store_result_t postgres_link_check(postgres_link_t *self, const PGresult *result, char *error);

/* Of a row of text: a number, a cursor in two columns. */
int64_t postgres_number(const PGresult *result, int row, int column);
cursor_t postgres_cursor(const PGresult *result, int row, int column);

/* postgres_schema.c: makes or migrates the schema. */
store_result_t postgres_schema_ensure(postgres_link_t *self, char *error);
