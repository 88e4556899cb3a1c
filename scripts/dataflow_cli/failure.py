"""How a command ends, when it does not end well."""

import os

EXIT_FINE, EXIT_REFUSED, EXIT_USAGE, EXIT_UNREACHABLE, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


def reason(error):
    """An error in words. asyncio puts words of its own around the system's; those of the resolver are no errno."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno) if error.errno > 0 else error.strerror
    return str(error) or type(error).__name__


class Failure(Exception):
    """Ends the program with a message and an exit code."""

    def __init__(self, message, code=EXIT_REFUSED):
        super().__init__(message)
        self.code = code


class OutputGone(Exception):
    """Who read our output has left, as in `dataflow watch BTC-USD | head`. Not an OSError, as a lost connection is."""
