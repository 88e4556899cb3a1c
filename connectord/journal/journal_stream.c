#include "connectord/journal/journal_stream.h"

text_t journal_topic(const journal_stream_t *stream)
{
    return KEPT_TEXT(&stream->topic);
}

uint64_t journal_first(const journal_stream_t *stream)
{
    return stream->index.first;
}

uint64_t journal_last(const journal_stream_t *stream)
{
    return stream->index.next - 1;
}

uint64_t journal_former_last(const journal_stream_t *stream)
{
    return stream->former;
}
