#include "tests/simulator/random.h"

#include <math.h>

/* SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
uint64_t random_next(random_t *self)
{
    uint64_t z = self->state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* Lemire's multiplication instead of a division; the bias of count / 2^32 does not matter here. */
uint64_t random_below(random_t *self, uint64_t count)
{
    return ((random_next(self) >> 32) * count) >> 32;
}

/* Above 0 and at most 1, so that it has a logarithm. */
static double random_unit(random_t *self)
{
    return (double)((random_next(self) >> 11) + 1) * 0x1p-53;
}

/* Box and Muller's transform. */
void random_normals(random_t *self, double *first, double *second)
{
    const double radius = sqrt(-2 * log(random_unit(self))), angle = 2 * M_PI * random_unit(self);
    *first = radius * cos(angle);
    *second = radius * sin(angle);
}
