"""Strangers at the gateway's doors, plain and under TLS (16 and 17): who begins and never ends, and who speaks no WebSocket that there is."""

import contextlib
import os
import socket
import ssl
import struct
import subprocess
import time
import zlib

from field import LARGER, attack
from swarm import UPGRADE, Swarm, frame, rpc

HALF_OPEN = int(os.environ.get("ATTACK_HALF_OPEN") or 5000)
BOMB_BYTES = 48 << 20  # of zeros, in 48 KB: a message may have 64 KB, compressed and inflated
DEFLATE = UPGRADE.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
EACH = 20  # connections of a kind, in a round


def prepare_tls(flow):
    """The gateway's own address is for its other clients; whoever attacks comes by TLS, and the bystanders do, too."""
    certificate, key = flow.directory / "gateway.pem", flow.directory / "gateway.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=gateway",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    key.chmod(0o600)
    flow.config["gatewayd"]["listen"] = [flow.address("gateway0"), {"address": flow.address("gateway1"),
                                                                    "tls": {"certificate": str(certificate), "key": str(key)}}]
    flow.trust = str(certificate)


def prepare_deflate(flow):
    flow.config["gatewayd"]["deflate"] = True


def both(number, does, prepare=None, **limits):
    """Registers an attack as it is, and as NAME-tls. It gets the field and how to connect: the port, and what a client trusts or None."""
    def register(run):
        def plain(field):
            return run(field, field.port["gateway0"], None)

        def tls(field):
            return run(field, field.port["gateway1"], ssl.create_default_context(cafile=field.flow.trust))

        def prepare_both(flow):
            prepare_tls(flow)
            if prepare:
                prepare(flow)
        plain.__name__, tls.__name__ = run.__name__, run.__name__ + "_tls"
        attack(number, does, prepare, **limits)(plain)
        attack(number, f"{does}, under TLS", prepare_both, **limits)(tls)
        return run
    return register


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    engine = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        engine.do_handshake()
    return outgoing.read()


@both(16, f"{HALF_OPEN} connections that begin a request, or a handshake, and never end it, again and again")
def half_open(field, port, trusted):
    head = b"GET /api/v1/symbols HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + b"x" * 2000
    hello = client_hello()
    begun = [(head, trusted)] if not trusted else [(hello[:-1], None), (hello[:5], None), (b"", None), (head, trusted)]
    with Swarm() as swarm:
        for i in range(HALF_OPEN // 50):
            first, how = begun[i % len(begun)]
            swarm.open(port, 50, first, trusted=how)
            if field.over():
                break
        field.wait(6)
        field.wrong(field.growth("gateway0") > 256 * LARGER, f"the gateway grew by {field.growth('gateway0'):.0f} MiB")
        return {"open": len(swarm.sockets), "failed": swarm.failed}


def masked(first, payload, length=None):
    """A frame from a client, whose length may be another than it has."""
    size = len(payload) if length is None else length
    head = bytes([first, 0x80 | size]) if size < 126 else bytes([first, 0xFE]) + struct.pack(">H", size) if size < 65536 else \
        bytes([first, 0xFF]) + struct.pack(">Q", size)
    return head + bytes(4) + payload


def bomb():
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(BOMB_BYTES)) + packer.flush(zlib.Z_SYNC_FLUSH)
    return masked(0xC1, packed[:-4])


# Each must end the connection.
BAD = {
    "unmasked": lambda: b"\x81\x04ping",
    "reserved_bits": lambda: masked(0xB1, b"x"),
    "unknown_opcode": lambda: masked(0x83, b"x"),
    "endless_length": lambda: masked(0x81, b"x" * 1000, 1 << 62),
    "impossible_length": lambda: masked(0x81, b"x" * 1000, 1 << 63),
    "oversized": lambda: masked(0x81, b"x" * 70000),
    "fragments_without_end": lambda: masked(0x01, b"x") + masked(0x00, b"x" * 100) * 700,
    "many_small_fragments": lambda: masked(0x01, b"x") + masked(0x00, b"xxxxx") * 14000,
    "long_control_frame": lambda: masked(0x89, b"x" * 200),
    "fragmented_control_frame": lambda: masked(0x09, b"x"),
    "not_utf8": lambda: masked(0x01, b"\xff\xfe"),
    "bomb": bomb,
    "broken_compression": lambda: masked(0xC1, b"\xff" * 1000),
}


def ended(one, deadline):
    """Does the peer end it? What it still says is read."""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while time.monotonic() < deadline:
            one.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                data = one.recv(65536)
            except socket.timeout:
                return False
            if not data or b"\x88" in data:  # the end, or a close frame, behind which there is nothing
                return True
        return False
    return True


@both(17, "frames that are unmasked, reserved, endless, oversized, in fragments, or bombs, again and again", prepare_deflate, growth_mib=128)
def bad_frames(field, port, trusted):
    frames = {name: make() for name, make in BAD.items()}
    stays, rounds, until = dict.fromkeys(frames, 0), 0, time.monotonic() + 10
    while time.monotonic() < until and not field.over():
        for name, bad in frames.items():
            with Swarm() as swarm:
                swarm.open(port, EACH, DEFLATE + bad, trusted=trusted)
                deadline = time.monotonic() + 10
                stays[name] += sum(not ended(one, deadline) for one in swarm.sockets)
        rounds += 1
    with Swarm() as swarm:  # and who says something that there is, is answered
        swarm.open(port, 1, DEFLATE + frame(rpc(1, "ping")), trusted=trusted)
        answer, deadline = b"", time.monotonic() + 5
        while b"pong" not in answer and time.monotonic() < deadline and swarm.sockets:
            answer += swarm.sockets[0].recv(4096)
    field.wrong(b"pong" not in answer, "a client with good frames was not answered")
    for name, count in stays.items():
        field.wrong(count, f"{name}: {count} connections were not ended")
    return {"rounds": rounds, "connections": rounds * EACH * len(frames)}
