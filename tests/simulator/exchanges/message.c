#include "tests/simulator/exchanges/message.h"

#include <stdlib.h>

enum { ECHO_BYTES = 128 };

bool message_begin(sim_message_t *self)
{
    *self = (sim_message_t){0};
    self->out = open_memstream(&self->text, &self->length);
    return self->out;
}

bool message_send(sim_message_t *self, sim_connection_t *connection)
{
    const bool printed = fclose(self->out) == 0;
    const bool sent = printed && connection_send(connection, FRAME_TEXT, self->text, self->length);
    free(self->text);
    *self = (sim_message_t){0};
    return sent;
}

void message_quoted(FILE *out, const char *text)
{
    char buffer[2 * ECHO_BYTES + 3];
    text_writer_t quoted = writer_on(buffer, sizeof buffer);
    writer_quoted(&quoted, text, ECHO_BYTES);
    fputs(writer_string(&quoted), out);
}

void message_json(FILE *out, const cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    fputs(text ? text : "null", out);
    cJSON_free(text);
}

void message_time(FILE *out, int64_t real_ns)
{
    char buffer[32];
    text_writer_t text = writer_on(buffer, sizeof buffer);
    writer_timestamp(&text, real_ns);
    fputs(writer_string(&text), out);
}

void message_piece(FILE *out, sim_piece_t piece)
{
    fwrite(piece.text, 1, piece.length, out);
}

cJSON *message_parse(const char *message, size_t length)
{
    return strlen(message) == length ? cJSON_ParseWithOpts(message, NULL, true) : NULL;
}

const char *message_string(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}
