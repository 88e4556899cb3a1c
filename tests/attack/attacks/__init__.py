"""Every file here registers its attacks."""

from . import doors, freezing, losing, memory, nobody, strangers, tokens  # noqa: F401
