#include "common/http/http_state.h"

#include <assert.h>

/* In every state but the last two: it may break, and leave. */
#define LIVING [HTTP_ON_BREAK] = {HTTP_WAKE, HTTP_BROKEN}, [HTTP_ON_LEAVE] = {HTTP_REMOVE, HTTP_CLOSED}

/* What the owner of a broken one still does is lost: it is told in its turn. */
#define LOST(state)                                                                                                            \
    [HTTP_ON_INPUT] = {HTTP_DISCARD, state}, [HTTP_ON_RECEIVE] = {HTTP_IGNORE, state}, [HTTP_ON_BODY] = {HTTP_IGNORE, state},  \
    [HTTP_ON_ANSWER] = {HTTP_IGNORE, state}, [HTTP_ON_LAST] = {HTTP_IGNORE, state}, [HTTP_ON_STREAM] = {HTTP_IGNORE, state},   \
    [HTTP_ON_CLOSE] = {HTTP_IGNORE, state}, [HTTP_ON_SENT] = {HTTP_IGNORE, state}, [HTTP_ON_SETTLED] = {HTTP_IGNORE, state},   \
    [HTTP_ON_PEER_ENDED] = {HTTP_IGNORE, state}, [HTTP_ON_BREAK] = {HTTP_IGNORE, state}

/* What is not listed is impossible. */
static const struct {
    http_action_t action;
    http_state_t next;
} transitions[HTTP_STATES][HTTP_EVENTS] = {
    [HTTP_READING] = {[HTTP_ON_INPUT] = {HTTP_SERVE, HTTP_READING},
                      [HTTP_ON_REQUEST] = {HTTP_ENTER, HTTP_ANSWERING},
                      [HTTP_ON_TURN] = {HTTP_IGNORE, HTTP_READING},
                      [HTTP_ON_SETTLED] = {HTTP_IGNORE, HTTP_READING},
                      [HTTP_ON_PEER_ENDED] = {HTTP_CLOSE, HTTP_READING},
                      LIVING},
    [HTTP_ANSWERING] = {[HTTP_ON_INPUT] = {HTTP_KEEP, HTTP_ANSWERING},
                        [HTTP_ON_RECEIVE] = {HTTP_ENTER, HTTP_RECEIVING},
                        [HTTP_ON_ANSWER] = {HTTP_ENTER, HTTP_SENDING},
                        [HTTP_ON_LAST] = {HTTP_ENTER, HTTP_ENDING},
                        [HTTP_ON_STREAM] = {HTTP_ENTER, HTTP_STREAMING},
                        [HTTP_ON_CLOSE] = {HTTP_ENTER, HTTP_ENDING},
                        [HTTP_ON_TURN] = {HTTP_READY, HTTP_ANSWERING},
                        [HTTP_ON_SETTLED] = {HTTP_IGNORE, HTTP_ANSWERING},
                        [HTTP_ON_PEER_ENDED] = {HTTP_IGNORE,
                                                HTTP_ANSWERING}, /* who sends nothing more still gets its answers */
                        LIVING},
    [HTTP_RECEIVING] = {[HTTP_ON_INPUT] = {HTTP_SERVE, HTTP_RECEIVING},
                        [HTTP_ON_BODY] = {HTTP_ENTER, HTTP_ANSWERING},
                        [HTTP_ON_LAST] = {HTTP_ENTER, HTTP_ENDING}, /* without the rest of it */
                        [HTTP_ON_TURN] = {HTTP_IGNORE, HTTP_RECEIVING},
                        [HTTP_ON_SENT] = {HTTP_IGNORE, HTTP_RECEIVING},
                        [HTTP_ON_SETTLED] = {HTTP_IGNORE, HTTP_RECEIVING},
                        [HTTP_ON_PEER_ENDED] = {HTTP_CLOSE, HTTP_RECEIVING},
                        LIVING},
    [HTTP_SENDING] = {[HTTP_ON_INPUT] = {HTTP_KEEP, HTTP_SENDING},
                      [HTTP_ON_TURN] = {HTTP_IGNORE, HTTP_SENDING},
                      [HTTP_ON_SENT] = {HTTP_ENTER, HTTP_READING},
                      [HTTP_ON_PEER_ENDED] = {HTTP_IGNORE, HTTP_SENDING},
                      LIVING},
    [HTTP_STREAMING] = {[HTTP_ON_INPUT] = {HTTP_DISCARD, HTTP_STREAMING},
                        [HTTP_ON_CLOSE] = {HTTP_ENTER, HTTP_ENDING},
                        [HTTP_ON_TURN] = {HTTP_READY, HTTP_STREAMING},
                        [HTTP_ON_SENT] = {HTTP_READY, HTTP_STREAMING},
                        [HTTP_ON_SETTLED] = {HTTP_IGNORE, HTTP_STREAMING},
                        [HTTP_ON_PEER_ENDED] = {HTTP_CLOSE, HTTP_STREAMING},
                        LIVING},
    [HTTP_ENDING] = {[HTTP_ON_INPUT] = {HTTP_DISCARD, HTTP_ENDING},
                     [HTTP_ON_TURN] = {HTTP_IGNORE, HTTP_ENDING},
                     [HTTP_ON_SENT] = {HTTP_IGNORE, HTTP_ENDING}, /* it is settled next */
                     [HTTP_ON_SETTLED] = {HTTP_LINGER, HTTP_LINGERING},
                     [HTTP_ON_PEER_ENDED] = {HTTP_IGNORE, HTTP_ENDING},
                     LIVING},
    [HTTP_LINGERING] = {[HTTP_ON_INPUT] = {HTTP_DISCARD, HTTP_LINGERING},
                        [HTTP_ON_TURN] = {HTTP_IGNORE, HTTP_LINGERING},
                        [HTTP_ON_SETTLED] = {HTTP_IGNORE, HTTP_LINGERING},
                        [HTTP_ON_PEER_ENDED] = {HTTP_CLOSE, HTTP_LINGERING},
                        LIVING},
    [HTTP_BROKEN] =
        {LOST(HTTP_BROKEN), [HTTP_ON_TURN] = {HTTP_CLOSE, HTTP_BROKEN}, [HTTP_ON_LEAVE] = {HTTP_REMOVE, HTTP_CLOSED}},
    [HTTP_CLOSED] = {LOST(HTTP_CLOSED), [HTTP_ON_LEAVE] = {HTTP_IGNORE, HTTP_CLOSED}},
};

http_action_t http_state_step(http_state_t *state, http_event_t event)
{
    http_state_t was = *state;
    assert(transitions[was][event].action != HTTP_IMPOSSIBLE);
    *state = transitions[was][event].next;
    return transitions[was][event].action;
}

bool http_state_discards(http_state_t state)
{
    return transitions[state][HTTP_ON_INPUT].action == HTTP_DISCARD;
}
