#include "cached/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { BLOCK_BYTES = 2 << 20, PIECES = BLOCK_BYTES / ARENA_PIECE_BYTES - 1 /* the head takes the place of one */ };

/* A piece that nobody has. */
typedef struct piece {
    struct piece *next;
} piece_t;

typedef struct block {
    struct block *next, *previous; /* of those with a free piece */
    piece_t *free;                 /* pieces that were given back */
    size_t fresh;                  /* pieces from this number on have never been taken */
    size_t taken;
} block_t;

struct arena {
    block_t *open; /* blocks with a free piece */
    size_t empty;
};

static size_t whole_pages(size_t bytes)
{
    return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
}

/* At a multiple of a huge page's size: the system only promises a multiple of a small one's, so more is mapped, and cut. */
static void *map_pages(size_t bytes)
{
    char *mapped = mmap(NULL, bytes + BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return NULL;
    size_t before = BLOCK_BYTES - (uintptr_t)mapped % BLOCK_BYTES;
    munmap(mapped, before);
    if (before < BLOCK_BYTES)
        munmap(mapped + before + bytes, BLOCK_BYTES - before);
    madvise(mapped + before, bytes, MADV_HUGEPAGE); /* where there are none it works all the same */
    return mapped + before;
}

void *arena_table_new(size_t bytes)
{
    return bytes < BLOCK_BYTES ? calloc(1, bytes) : map_pages(whole_pages(bytes));
}

void arena_table_free(void *table, size_t bytes)
{
    if (bytes < BLOCK_BYTES)
        free(table);
    else if (table)
        munmap(table, whole_pages(bytes));
}

static block_t *block_of(void *piece)
{
    char *at = piece;
    return (block_t *)(void *)(at - (uintptr_t)at % BLOCK_BYTES);
}

static void *piece_at(block_t *block, size_t number)
{
    return (char *)block + (number + 1) * ARENA_PIECE_BYTES;
}

static void link_block(arena_t *self, block_t *block)
{
    block->previous = NULL;
    block->next = self->open;
    if (self->open)
        self->open->previous = block;
    self->open = block;
}

static void unlink_block(arena_t *self, block_t *block)
{
    if (block->next)
        block->next->previous = block->previous;
    if (block->previous)
        block->previous->next = block->next;
    else
        self->open = block->next;
}

static block_t *block_new(arena_t *self)
{
    block_t *block = map_pages(BLOCK_BYTES); /* zeroed */
    if (!block)
        return NULL;
    link_block(self, block);
    self->empty++;
    return block;
}

static void block_free(arena_t *self, block_t *block)
{
    unlink_block(self, block);
    self->empty--;
    munmap(block, BLOCK_BYTES);
}

arena_t *arena_new(void)
{
    return calloc(1, sizeof(arena_t));
}

void arena_destroy(arena_t **self_p)
{
    arena_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    while (self->empty > 0) {
        block_t *block = self->open;
        while (block->taken > 0)
            block = block->next;
        block_free(self, block);
    }
    free(self);
}

void *arena_take(arena_t *self)
{
    block_t *block = self->open ? self->open : block_new(self);
    if (!block)
        return NULL;
    void *piece = block->free;
    if (piece)
        block->free = block->free->next;
    else
        piece = piece_at(block, block->fresh++);
    self->empty -= block->taken == 0;
    if (++block->taken == PIECES)
        unlink_block(self, block);
    return piece;
}

/* One empty block is kept, for whoever gives and takes a piece in turns. */
void arena_give(arena_t *self, void *given)
{
    block_t *block = block_of(given);
    piece_t *piece = given;
    piece->next = block->free;
    block->free = piece;
    if (block->taken-- == PIECES)
        link_block(self, block);
    if (block->taken > 0)
        return;
    if (++self->empty > 1)
        block_free(self, block);
}
