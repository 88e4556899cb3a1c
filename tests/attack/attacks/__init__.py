"""Every file here registers its attacks."""

from . import freezing, losing, memory, strangers  # noqa: F401
