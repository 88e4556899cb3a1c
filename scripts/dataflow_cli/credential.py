"""The token that a gateway may ask for: from a file, or the environment; what stands on a command line everybody on the machine can read."""

import os
import sys

from .failure import Failure

TOKEN_MAX = 8192


class Credential:
    """`read ()` reads a file each time: whoever writes a newer token there is heard."""

    def __init__(self, path=None):
        self.path, self.typed = path, None

    def read(self):
        """None: there is none."""
        if not self.path:
            return os.environ.get("DATAFLOW_TOKEN", "").strip() or None
        if self.path != "-":
            return self.checked(self.content())
        if self.typed is None:
            self.typed = self.checked(self.content())
        return self.typed

    def content(self):
        try:
            with sys.stdin if self.path == "-" else open(self.path, encoding="ascii") as file:
                return file.read(TOKEN_MAX + 2).strip()
        except OSError as error:
            raise Failure(f"{self.path}: {error.strerror}") from None
        except UnicodeDecodeError:
            return ""

    def checked(self, token):
        if not token or len(token) > TOKEN_MAX or not token.isprintable() or " " in token:
            raise Failure(f"{self.path}: expected a token, and nothing else")
        return token
