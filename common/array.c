#include "common/array.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 64 /* what the first elements take, or one that is larger */ };

/* wanted <= max */
static size_t choose_room(size_t room, size_t element_bytes, size_t wanted, size_t max)
{
    size_t first = element_bytes < FIRST_BYTES ? FIRST_BYTES / element_bytes : 1;
    size_t wider = room == 0 ? first : room > max / 2 ? max : room * 2;
    if (wider > max)
        wider = max;
    return wider < wanted ? wanted : wider;
}

bool array_reserve(void *array, size_t *room, size_t element_bytes, size_t wanted, size_t max)
{
    if (wanted <= *room)
        return true;
    if (max > SIZE_MAX / element_bytes)
        max = SIZE_MAX / element_bytes;
    if (wanted > max)
        return false;
    char *elements;
    memcpy(&elements, array, sizeof elements); /* the caller's pointer is of another type */
    size_t wider = choose_room(*room, element_bytes, wanted, max);
    char *larger = realloc(elements, wider * element_bytes);
    if (!larger)
        return false;
    elements = larger;
    memset(elements + *room * element_bytes, 0, (wider - *room) * element_bytes);
    memcpy(array, &elements, sizeof elements);
    *room = wider;
    return true;
}
