"""dataflow keys: makes keys for CURVE on the bus, replay and history, and lists those that are known."""

import re

from .certificates import known, make
from .failure import EXIT_USAGE, Failure
from .terminal import painted, put, say

NAME = re.compile(r"[A-Za-z0-9@_][A-Za-z0-9@_.-]{0,62}")
RIGHT = re.compile(r"subscribe|subscribe:[^\s\"'\\]+|replay|history|clear|operate")
SERVICES = ("bus", "replay", "history")
# What is right for whom, by the name without a number: connectord-2 is a connectord.
USUAL = {
    "connectord": {"serves": "bus replay", "may": ""},
    "cached": {"serves": "history", "may": "subscribe replay"},
    "gatewayd": {"serves": "", "may": "subscribe replay history clear operate"},
}
OTHERS = {"serves": "", "may": "subscribe replay history"}


def words(option, text, fits, expected):
    for word in text.split():
        if not fits(word):
            raise Failure(f"{option}: expected {expected}, found {word!r}", EXIT_USAGE)
    return " ".join(text.split())


def members_for(name, options):
    usual = USUAL.get(re.split(r"[-@.]", name)[0], OTHERS)
    members = {"name": name, **usual}
    if options.may is not None:
        members["may"] = words("--may", options.may, RIGHT.fullmatch, "subscribe, subscribe:PREFIX, replay, history, clear or operate")
    if options.serves is not None:
        members["serves"] = words("--serves", options.serves, SERVICES.__contains__, "bus, replay or history")
    return members


def listed(folder):
    found = known(folder)
    wide = max([len("name"), *map(len, found)])
    put(painted(f"{'name':<{wide}}  {'public key':<40}  {'serves':<10}  may", "bold"))
    for name, one in found.items():
        put(f"{name:<{wide}}  {one['public-key']}  {one.get('serves', ''):<10}  {one.get('may', '')}".rstrip())


def keys(options):
    for name in options.name:
        if not NAME.fullmatch(name):
            raise Failure(f"expected a name of letters, digits and @_.-, found {name!r}", EXIT_USAGE)
    if not options.name:
        listed(options.folder)
    for name in options.name:
        members = members_for(name, options)
        secret, public = make(options.folder, name, members)
        put(f"{secret}  secret: only for {name}")
        put(f"{public}  for everybody who is to know it; serves: {members['serves'] or 'nothing'}; may: {members['may'] or 'nothing'}")
    if options.name:
        say("processes that run read their folders again on SIGHUP", "dim")
