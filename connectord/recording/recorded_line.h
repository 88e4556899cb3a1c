/* A line of a recording: a message that a source sent, or a mark of where connections begin.
 *
 *     # line 0: connected                             what follows came on a new connection
 *     # line 0: continued                             the recording begins, or goes on, within a connection
 *     1762795473.937000000: {"seqnum":0,…}            a message, behind the time at which it was received, in seconds since 1970
 *     # line 0: BTC-USD is called 17470                by what its messages call a subscription (of a subject, topic.h) from here on
 *     # line 0: asked for BTC-USD                     what follows answers what was asked of the subject (`# line 0: asked`: of all)
 *     # line 0: answered for BTC-USD                  the answer is whole: its records were given on
 *     # line 1                                        what follows came on the connection of another line (redundant_lines.h)
 *     # …                                             a remark
 *
 * Others' recordings are read, too: JSON without a time; and the forms `URL <-> TIME`, a connection was made, and `URL <- TIME: message`, what
 * was sent on it. No message begins with a #.
 */
#pragma once

#include "common/buffer.h"
#include "common/text.h"

enum {
    RECORDED_LINES_MAX = 4,
    RECORDED_HEAD_MAX = 32, /* bytes in front of a message */
    RECORDED_MESSAGE_MAX = 1 << 20
};

typedef enum {
    RECORDED_MESSAGE,
    RECORDED_CONNECTION, /* connected or continued: what was named on the line's connection before is forgotten */
    RECORDED_NAME,       /* … and this is named on it; it says nothing of whose messages follow */
    RECORDED_ASKED,      /* what follows on the line's connection answers what was asked … */
    RECORDED_ANSWERED,   /* … and here it is whole */
    RECORDED_LINE,       /* the connection of another line */
    RECORDED_REMARK      /* nothing to play */
} recorded_kind_t;

typedef struct {
    recorded_kind_t kind;
    size_t line;     /* less than RECORDED_LINES_MAX; of a connection, a name, an answer and a line */
    bool marked;     /* of a connection: names are told by marks */
    text_t subject;  /* of what was asked; empty: of all. Of a name, … */
    text_t id;       /* … which is this */
    int64_t time_ns; /* of a message: when it was received, since 1970; 0 where that is not told */
    text_t message;  /* points into the line */
} recorded_line_t;

/* Reads a line without its end. What is nothing else is a message. */
recorded_line_t recorded_line_read(text_t line);

/* Appends a message and the line's end. Line ends in the message become spaces, where it is JSON, which means the same; where it is not they become
 * vertical tabs, so that it does not turn into JSON. */
void recorded_line_put_message(buffer_t *out, int64_t received_ns, text_t message);

/* Append a mark. `state`: "connected" or "continued"; an empty one: what follows is of that line. `id`: one without line ends, not empty. */
void recorded_line_put_mark(buffer_t *out, size_t line, text_t state);
void recorded_line_put_name(buffer_t *out, size_t line, text_t subject, text_t id);
void recorded_line_put_answer(buffer_t *out, size_t line, recorded_kind_t kind, text_t subject);
void recorded_line_put_remark(buffer_t *out, text_t remark);
