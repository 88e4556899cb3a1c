"""dataflow token: a JSON Web Token for a gateway (proto/auth.md). Keys are used by the openssl command line: what signs may be on a token or have a
passphrase, and no further module is needed."""

import base64
import hashlib
import hmac
import json
import os
import stat
import subprocess
import tempfile
import time

from .failure import EXIT_UNREACHABLE, Failure
from .terminal import put

SECRET_MIN, SECRET_MAX = 32, 4096  # bytes, as the gateway takes them

# What a public key begins with in DER (SubjectPublicKeyInfo) → alg, digest, bytes of r and of s
KINDS = {
    bytes.fromhex("06092a864886f70d010101"): ("RS256", "sha256", None),
    bytes.fromhex("06072a8648ce3d020106082a8648ce3d030107"): ("ES256", "sha256", 32),
    bytes.fromhex("06072a8648ce3d020106052b81040022"): ("ES384", "sha384", 48),
    bytes.fromhex("06032b6570"): ("EdDSA", None, None),
}


def base64url(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def compact(value):
    return base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


# -- a shared secret -----------------------------------------------------------------------------------------------------------


def secret_of(path):
    try:
        with open(path, "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            secret = file.read(SECRET_MAX + 64).strip(b" \t\r\n")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from None
    if mode & 0o077:
        raise Failure(f"{path}: expected that only its owner can read it (chmod 600), found mode {mode:04o}")
    if not SECRET_MIN <= len(secret) <= SECRET_MAX:
        raise Failure(f"{path}: expected a secret of {SECRET_MIN} to {SECRET_MAX} bytes, found {len(secret)}")
    return secret


# -- a private key -------------------------------------------------------------------------------------------------------------


def openssl(path, *arguments):
    try:
        ended = subprocess.run(["openssl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    except FileNotFoundError:
        raise Failure("expected the program openssl, found none: install the package openssl", EXIT_UNREACHABLE) from None
    if ended.returncode != 0:
        raise Failure(f"{path}: expected a private key in PEM; openssl says: {last_line(ended.stderr)}")
    return ended.stdout


def last_line(said):
    return (said.decode(errors="replace").strip().splitlines() or ["nothing"])[0]


def kind_of(path):
    if not os.path.exists(path):
        raise Failure(f"{path}: No such file or directory")
    public = openssl(path, "pkey", "-in", path, "-pubout", "-outform", "DER")
    for begin, kind in KINDS.items():
        if begin in public[:40]:
            return kind
    raise Failure(f"{path}: expected a key of RSA, of EC on P-256 or P-384, or of Ed25519")


def integer(der, at):
    """The INTEGER at a place, and where it ends. Those of signatures are short."""
    length = der[at + 1]
    return int.from_bytes(der[at + 2 : at + 2 + length], "big"), at + 2 + length


def joined(der, size):
    """r and s, one behind the other (RFC 7518, 3.4)."""
    r, end = integer(der, 3 if der[1] & 0x80 else 2)
    s, _ = integer(der, end)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def sign(path, kind, text):
    _, digest, size = kind
    with tempfile.NamedTemporaryFile() as file:  # Ed25519 takes no pipe
        file.write(text.encode())
        file.flush()
        signature = openssl(path, "pkeyutl", "-sign", "-inkey", path, "-rawin", "-in", file.name, *(["-digest", digest] if digest else []))
    return joined(signature, size) if size else signature


# -- the token -----------------------------------------------------------------------------------------------------------------


def claims_of(options):
    now = int(time.time())
    claims = {"iat": now, "exp": now + options.seconds}
    if options.sub is not None:
        claims["sub"] = options.sub
    if options.role is not None:
        claims["role"] = options.role
    return claims | dict(options.claim or [])


def token(options):
    if options.role is None and not options.claim:
        raise Failure("expected --role NAME, or where else the role stands, such as --claim scope=viewer")
    secret = secret_of(options.secret) if options.secret else None
    kind = kind_of(options.key) if options.key else ("HS256", "sha256", None)
    header = {"alg": kind[0], "typ": "JWT"} | ({"kid": options.kid} if options.kid is not None else {})
    text = f"{compact(header)}.{compact(claims_of(options))}"
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else sign(options.key, kind, text)
    put(f"{text}.{base64url(signature)}")
