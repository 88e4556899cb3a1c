/* Random numbers that a seed repeats. */
#pragma once

#include <stdint.h>

typedef struct {
    uint64_t state; /* the seed */
} random_t;

uint64_t random_next(random_t *self);

/* 0 to count - 1; count: 1 or more. */
uint64_t random_below(random_t *self, uint64_t count);

/* Two independent numbers of the standard normal distribution. */
void random_normals(random_t *self, double *first, double *second);
