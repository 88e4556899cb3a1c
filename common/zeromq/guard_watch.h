/* Measures, 20 times a second, what each peer makes the process hold.
 *
 * What a peer has sent and nobody has taken yet either waits to be taken or belongs to a message that is not complete; libzmq
 * shows neither. The kernel knows what was received (tcpi_bytes_received). Pings are never taken, and so a little is forgiven
 * every second; all is when a later message comes complete. libzmq may take 32 times as much memory as was sent: empty frames,
 * two bytes each. So what was forgiven is not forgotten: where the process has grown large, whoever was forgiven most goes.
 *
 * What waits for a subscriber is known when nothing waits in the kernel (tcpi_notsent_bytes): then nothing waits in libzmq.
 * From then on it is what was published less what the peer has taken (tcpi_bytes_acked), at most what the queue holds. That is
 * too much for one that has subscribed to a part only; to be right it would have to be asked of each trade who wants it.
 */
#pragma once

#include <stdbool.h>

/* The thread: it is there while there are guards. With the lock (guard_state.h) held, but for the end. False, with a log
 * line, when it can't be had. */
bool guard_watch_begin(void);
void guard_watch_end(void);

/* There is a peer to look at. With the lock held. */
void guard_watch_wake(void);
