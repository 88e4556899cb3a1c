/* A page of one stream by cursor, and how many trades it ought to have had. */
#pragma once

#include "cached/tape.h"
#include "proto/request.h"

/* Appends to an answer that was begun:
 *
 *     ,"trades":[…],"missing":0,"next":"1763941200123456-1001"
 *
 * The trades from request->from (without: the first that is held) to request->to (without: the last), oldest first, at most
 * request->count of them and as many as fit into limit_bytes of `answer`. `next` is there when more follow. `missing` counts, within
 * each epoch, what lies between `from` and `next` (or the end) and is not held: dropped, cleared, lost on the way or from before
 * this process knew the stream. What comes after tape_known is not missing: it may come yet. */
void range_print(const tape_t *tape, const request_t *request, size_t limit_bytes, buffer_t *answer);
