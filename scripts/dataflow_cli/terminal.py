"""What a person sees: colours, columns, remarks. Data goes to stdout, remarks beside it to stderr."""

import os
import shutil
import sys

from .failure import OutputGone

CODES = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}


def is_coloured(stream):
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text, colour, stream=None):
    """Coloured, where the stream is a terminal that takes it."""
    return f"\033[{CODES[colour]}m{text}\033[0m" if is_coloured(stream or sys.stdout) else text


def say(text, colour="dim"):
    """A remark beside the data."""
    print(painted(f"-- {text}", colour, sys.stderr), file=sys.stderr, flush=True)


def width():
    return shutil.get_terminal_size().columns


def speaks_unicode(stream):
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def put(line):
    """One line of data. It goes out at once, and its whole reader is gone when it can't."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputGone from None


def aligned(text, before, after):
    """A decimal with its point in a fixed column."""
    whole, point, fraction = text.partition(".")
    return f"{whole:>{before}}{point or ' '}{fraction:<{after}}"


def span(seconds):
    """40 ms, 1.4 s, 12 s, 3 min 5 s, 2 h 10 min."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def several(count, noun):
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class Progress:
    """A bar on stderr that is drawn over itself; without a terminal nothing is drawn."""

    def __init__(self):
        self.drawn = sys.stderr.isatty()
        self.full, self.rest = "█░" if speaks_unicode(sys.stderr) else "#."

    def show(self, part, text):
        """`part`: of the whole; None: nobody knows, and there is only the text."""
        if not self.drawn:
            return
        cells = 30 if width() >= 80 else 10
        filled = int((part or 0) * cells)
        line = f"{self.full * filled}{self.rest * (cells - filled)} {part:4.0%}  {text}" if part is not None else text
        print(f"\r{line[: width() - 1]}\033[K", end="", file=sys.stderr, flush=True)

    def remark(self, text, colour="dim"):
        """A line of its own; the bar is drawn again below it."""
        self.clear()
        say(text, colour)

    def clear(self):
        if self.drawn:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
