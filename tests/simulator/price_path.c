#include "tests/simulator/price_path.h"

#include <math.h>
#include <string.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/random.h"

enum { OCTAVES = 18 /* the slowest takes 36 h */ };

static const double strength = 6e-5;   /* of the noise of 1 s */
static const double money_part = 0.05; /* what is meant to be stable moves so much less */

/* FNV-1a */
static uint64_t name_hash(const char *name, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3;
    return hash;
}

/* -1 to 1, always the same for the same moment of the same noise. */
static double noise_point(uint64_t noise, int64_t moment)
{
    random_t random = {noise ^ ((uint64_t)moment * 0x9e3779b97f4a7c15)};
    return (double)(random_next(&random) >> 11) * 0x1p-52 - 1;
}

/* Between its points it bends smoothly. */
static double noise_at(uint64_t noise, double at)
{
    const double moment = floor(at), part = at - moment;
    const double before = noise_point(noise, (int64_t)moment), after = noise_point(noise, (int64_t)moment + 1);
    return before + (after - before) * part * part * (3 - 2 * part);
}

static double asset_level(uint64_t path, const char *name, size_t length, double seconds)
{
    static const char *const money[] = {"USD", "EUR", "GBP", "USDT", "USDC"};
    double level = 0;
    random_t noises = {path ^ name_hash(name, length)};
    for (int octave = 0; octave < OCTAVES; octave++) {
        const double period = exp2(octave);
        level += sqrt(period) * noise_at(random_next(&noises), seconds / period);
    }
    for (size_t i = 0; i < sizeof money / sizeof *money; i++)
        if (strlen(money[i]) == length && memcmp(money[i], name, length) == 0)
            return level * strength * money_part;
    return level * strength;
}

double price_path_at(uint64_t path, const char *symbol, int64_t real_ns)
{
    const double seconds = (double)real_ns / NS_PER_S;
    const size_t base = strcspn(symbol, "-");
    const char *quote = symbol + base + (symbol[base] == '-');
    return exp(asset_level(path, symbol, base, seconds) - asset_level(path, quote, strlen(quote), seconds));
}
