#include "connectord/http/http_headers.h"

#include <errno.h>
#include <stdio.h>

/* Editors and shells end a file with a newline. */
static text_t without_line_end(text_t text)
{
    while (text.length > 0 && (text.at[text.length - 1] == '\n' || text.at[text.length - 1] == '\r'))
        text.length--;
    return text_trim(text);
}

static const char *append_file(const char *path, buffer_t *out)
{
    char bytes[HTTP_HEADERS_FILE_MAX + 1];
    FILE *file = fopen(path, "re");
    if (!file)
        return strerror(errno);
    size_t length = fread(bytes, 1, sizeof bytes, file);
    bool failed = ferror(file);
    fclose(file);
    text_t text = without_line_end((text_t){bytes, length});
    if (failed)
        return "it can't be read";
    if (length > HTTP_HEADERS_FILE_MAX)
        return "expected at most 8 KiB, found more";
    if (text.length == 0)
        return "expected a header's value, found nothing";
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == '\x7f')
            return "expected one line, found control characters";
    buffer_append(out, text);
    explicit_bzero(bytes, sizeof bytes);
    return NULL;
}

static const char *append_header(const http_header_rule_t *header, const char *token, buffer_t *out)
{
    buffer_append(out, header->name);
    buffer_append(out, TEXT(": "));
    if (header->file.length > 0) {
        buffer_append(out, header->prefix);
        return append_file(header->file.at, out);
    }
    template_print(&header->value,
                   &(template_values_t){.symbol = TEXT(""), .native = TEXT(""), .channel = TEXT(""), .token = text_of(token)},
                   false, out);
    return NULL;
}

bool http_headers_read(http_headers_t *self, const http_protocol_t *protocol, const char *token,
                       char error[static HTTP_HEADERS_ERROR_MAX])
{
    size_t ends[HTTP_PROTOCOL_HEADERS_MAX] = {0};
    *self = (http_headers_t){.texts = buffer_new(0)};
    for (size_t i = 0; i < protocol->header_count; i++) {
        const http_header_rule_t *header = &protocol->headers[i];
        const char *wrong = append_header(header, token, &self->texts);
        if (wrong) {
            snprintf(error, HTTP_HEADERS_ERROR_MAX, "header %.*s: %.*s: %s", TEXT_ARG(text_cut(header->name, 40)),
                     TEXT_ARG(text_cut(header->file, 160)), wrong);
            return false;
        }
        ends[i] = self->texts.length;
    }
    snprintf(error, HTTP_HEADERS_ERROR_MAX, "out of memory");
    for (size_t i = 0; buffer_ok(&self->texts) && i < protocol->header_count; i++) {
        size_t start = i > 0 ? ends[i - 1] : 0;
        self->lines[self->count++] = (text_t){self->texts.bytes + start, ends[i] - start};
    }
    return buffer_ok(&self->texts);
}

void http_headers_release(http_headers_t *self)
{
    if (self->texts.bytes)
        explicit_bzero(self->texts.bytes, self->texts.length);
    buffer_release(&self->texts);
    self->count = 0;
}
