"""How far long work is: bytes done, at what rate, and how long the rest will take. On a terminal only, and on stderr."""

import os
import stat
import time

from .terminal import Progress, span

INTERVAL_S = 0.1
UNITS = ("B", "kB", "MB", "GB", "TB")


def in_bytes(count):
    """812 B, 4.2 kB, 381 MB."""
    size, unit = float(count), 0
    while size >= 999.5 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {UNITS[unit]}" if unit == 0 or size >= 99.5 else f"{size:.1f} {UNITS[unit]}"


def size_of(file):
    """Bytes of an open file; None where nobody can tell."""
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


class Work:
    """Of `total` bytes, or of nobody knows how many (None)."""

    def __init__(self, total=None, progress=None):
        self.total, self.done, self.progress = total, 0, progress or Progress()
        self.began = time.monotonic()
        self.due, self.visible = self.began, False

    def add(self, count):
        self.reach(self.done + count)

    def reach(self, done):
        """So many bytes are done."""
        self.done = done
        now = time.monotonic()
        if self.progress.drawn and now >= self.due:
            self.due, self.visible = now + INTERVAL_S, True
            self.progress.show(min(self.done / self.total, 1) if self.total else None, self.told(now - self.began))

    def told(self, passed):
        rate = self.done / passed if passed > 0 else 0
        texts = [f"{in_bytes(self.done)} of {in_bytes(self.total)}" if self.total else in_bytes(self.done)]
        if rate > 0:
            texts.append(f"{in_bytes(rate)}/s")
        if rate > 0 and self.total:
            texts.append(f"{span(max(0, self.total - self.done) / rate)} left")
        return ", ".join(texts)

    def clear(self):
        """Makes room for a line; the bar comes back below it."""
        if self.visible:
            self.visible = False
            self.progress.clear()
