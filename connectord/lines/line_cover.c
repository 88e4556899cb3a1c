#include "connectord/lines/line_cover.h"

#include "common/clock.h"

/* How long a line may take until it is subscribed to everything and what it carries has come. */
static int64_t settle_ns(const source_config_t *config)
{
    int64_t subscribing_ms = (int64_t)config->symbol_count * 60000 / config->messages_per_minute;
    return (subscribing_ms + config->settle_ms) * NS_PER_MS;
}

bool line_cover_is_settled(const line_cover_t *lines, size_t count, size_t line, int64_t now_ns)
{
    int64_t latest_ns = now_ns - settle_ns(source_config(lines[0].source));
    for (size_t i = 0; i < count; i++)
        if (i != line && (!lines[i].up || lines[i].up_ns > latest_ns))
            return false;
    return true;
}

bool line_cover_is_whole(const line_cover_t *lines, size_t count, size_t line)
{
    const source_config_t *config = source_config(lines[line].source);
    for (size_t i = 0; i < config->symbol_count; i++) {
        bool had = !source_has(lines[line].source, config->symbols[i]);
        for (size_t j = 0; !had && j < count; j++)
            had = j != line && source_has(lines[j].source, config->symbols[i]);
        if (!had)
            return false;
    }
    return true;
}
