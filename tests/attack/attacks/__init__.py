"""Every file here registers its attacks."""

from . import freezing, losing, memory, nobody, strangers  # noqa: F401
