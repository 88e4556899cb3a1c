"""Files with keys for CURVE, as connectord, cached and gatewayd read them (common/curve/certificate.h); czmq's zcert and pyzmq's zmq.auth read them, too."""

import os
import pathlib
import re
import stat

import zmq

from .failure import Failure

MEMBER = re.compile(r"^\s*([\w-]+)\s*=\s*(['\"]?)(.*?)\2\s*$")
OTHERS = 0o077


def members_of(path):
    """name → value of a file. One that has a secret must be its owner's alone."""
    try:
        with open(path, encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            found = {match[1]: match[3] for match in map(MEMBER.match, file) if match}
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path}: {getattr(error, 'strerror', None) or 'expected text'}") from None
    if "secret-key" in found and mode & OTHERS:
        raise Failure(f"{path}: expected that only its owner can read it (chmod 600), found mode {mode:04o}")
    if len(found.get("public-key", "")) != 40:
        raise Failure(f"{path}: expected a public-key of 40 characters")
    return found


def known(folder):
    """name → what its file has, for each .pub of a folder."""
    if not pathlib.Path(folder).is_dir():
        raise Failure(f"{folder}: expected a folder of keys (dataflow keys makes them)")
    return {path.stem: members_of(path) for path in sorted(pathlib.Path(folder).glob("[!.]*.pub"))}


def own(folder, name):
    """(public, secret) of a name."""
    path = pathlib.Path(folder) / f"{name}.key"
    found = members_of(path)
    if len(found.get("secret-key", "")) != 40:
        raise Failure(f"{path}: expected a secret-key of 40 characters")
    return found["public-key"].encode(), found["secret-key"].encode()


def servers(folder, service):
    """The public keys of those that serve this, by name."""
    found = [one["public-key"].encode() for one in known(folder).values() if service in one.get("serves", "").split()]
    if not found:
        raise Failure(f"{folder}: expected the key of who serves {service}, found none")
    return found


def written(members, public, secret=None):
    metadata = "".join(f'    {name} = "{value}"\n' for name, value in members.items() if value)
    return (f"#   ZeroMQ CURVE {'secret' if secret else 'public'} certificate, made by dataflow keys\n"
            f"metadata\n{metadata}curve\n    public-key = \"{public.decode()}\"\n"
            + (f"    secret-key = \"{secret.decode()}\"\n" if secret else ""))


def make(folder, name, members):
    """NAME.key, its owner's alone, and NAME.pub. What exists stays."""
    public, secret = zmq.curve_keypair()
    folder = pathlib.Path(folder)
    paths = folder / f"{name}.key", folder / f"{name}.pub"
    for path in paths:
        if os.path.lexists(path):
            raise Failure(f"{path}: exists already: move it away, or give the new key another name, such as {name}-2")
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        for path, mode, content in ((paths[0], 0o600, written(members, public, secret)), (paths[1], 0o644, written(members, public))):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="ascii") as file:
                os.fchmod(file.fileno(), mode)
                file.write(content)
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}") from None
    return paths
