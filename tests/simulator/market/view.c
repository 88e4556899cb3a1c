#include "tests/simulator/market/view.h"

#include "tests/simulator/market/moment.h"

/* What stands before `mark`, which is passed over. */
static bool take(const char **at, const char *end, const char *mark, sim_piece_t *piece)
{
    const char *found = memmem(*at, (size_t)(end - *at), mark, strlen(mark));
    if (!found)
        return false;
    *piece = (sim_piece_t){*at, (size_t)(found - *at)};
    *at = found + strlen(mark);
    return true;
}

static uint64_t whole_number(sim_piece_t piece)
{
    uint64_t value = 0;
    for (size_t i = 0; i < piece.length; i++) {
        if (piece.text[i] < '0' || piece.text[i] > '9' || value > (UINT64_MAX - 9) / 10)
            return 0;
        value = value * 10 + (uint64_t)(piece.text[i] - '0');
    }
    return value;
}

bool view_read(sim_view_t *self, const char *members, size_t length)
{
    const char *at = members, *end = members + length;
    sim_piece_t before, side, id;
    if (!take(&at, end, "\"symbol\":\"", &before) || before.length > 0 ||
        !take(&at, end, "\",\"timestamp\":\"", &self->symbol) || !take(&at, end, "\",\"side\":\"", &self->timestamp) ||
        !take(&at, end, "\",\"qty\":", &side) || !take(&at, end, ",\"price\":", &self->qty) ||
        !take(&at, end, ",\"trade_id\":\"", &self->price) || !take(&at, end, "\"", &id))
        return false;
    self->sold = side.length == 4 && memcmp(side.text, "sell", 4) == 0;
    self->id = whole_number(id);
    self->time_ns = moment_read(self->timestamp.text, self->timestamp.length);
    return true;
}

/* FNV-1a over the symbol, then SplitMix64's mixing of it and the id. */
uint64_t view_hash(const sim_view_t *self)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < self->symbol.length; i++)
        hash = (hash ^ (unsigned char)self->symbol.text[i]) * UINT64_C(0x100000001b3);
    hash += self->id * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    return hash ^ (hash >> 31);
}

void view_piece(text_writer_t *out, sim_piece_t piece)
{
    writer_bytes(out, piece.text, piece.length);
}
