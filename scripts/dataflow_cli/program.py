"""Where the programs are that scripts start."""

import pathlib
import sys

from .failure import EXIT_UNREACHABLE, Failure


def program(name, folder, advice="build it with make"):
    """From `folder`; without one, where it was built or installed with the script that runs."""
    here = pathlib.Path(sys.argv[0]).resolve().parent
    for place in [pathlib.Path(folder)] if folder else [here.parent / "build/bin", here]:
        if (place / name).exists():
            return str(place / name)
    raise Failure(f"{name} was not found: {advice}", EXIT_UNREACHABLE)
