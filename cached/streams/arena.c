#include "cached/streams/arena.h"

#include "common/clock.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    BLOCK_BYTES = 2 << 20,
    PIECES = BLOCK_BYTES / ARENA_PIECE_BYTES - 1, /* the head takes the place of one */
    BULK_MS = 50                                  /* a block is full after: some 100,000 trades a second */
};

/* A piece that nobody has. */
typedef struct piece {
    struct piece *next;
} piece_t;

typedef struct block {
    struct block *next, *previous; /* of those with a free piece */
    piece_t *free;                 /* pieces that were given back */
    size_t fresh;                  /* pieces from this number on have never been taken */
    size_t taken;
    bool huge; /* else each fresh piece gets its memory when it is taken */
} block_t;

struct arena {
    block_t *open; /* blocks with a free piece */
    size_t empty;
    int64_t mapped_ns; /* when a block was last needed */
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
    return mapped + before;
}

/* Where there are none it works all the same. */
static void *map_huge(size_t bytes)
{
    void *mapped = map_pages(bytes);
    if (mapped)
        madvise(mapped, bytes, MADV_HUGEPAGE);
    return mapped;
}

void *arena_table_new(size_t bytes)
{
    return bytes < BLOCK_BYTES ? calloc(1, bytes) : map_huge(whole_pages(bytes));
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

/* One that has never been taken. */
static void *fresh_piece(block_t *block)
{
    void *piece = (char *)block + (block->fresh++ + 1) * ARENA_PIECE_BYTES;
    if (!block->huge)
        madvise(piece, ARENA_PIECE_BYTES, MADV_POPULATE_WRITE); /* a call for four pages is cheaper than four faults */
    return piece;
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
    int64_t now_ns = clock_mono_ns();
    bool huge = self->mapped_ns > 0 && now_ns - self->mapped_ns < BULK_MS * NS_PER_MS;
    block_t *block = huge ? map_huge(BLOCK_BYTES) : map_pages(BLOCK_BYTES); /* zeroed */
    if (!block)
        return NULL;
    block->huge = huge;
    self->mapped_ns = now_ns;
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
        piece = fresh_piece(block);
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
