"""Tokens that must open nothing: what a forger makes who knows all that is public, and what the issuer signs that is not good here."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import threading
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

SECRET = b"an issuer's secret of more than thirty-two bytes"
AUDIENCE, ISSUER = "dataflow", "https://issuer.example"
FORGER = "mallory"  # stands in all that is forged, so that it can be looked for
ROLES = {"trader": {}, "guest": {"symbols": ["NONE-*"]}}
HOUR = 3600


def part(value):
    """Of a token: bytes as they are, anything else as JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def hs256(text, secret):
    return hmac.new(secret, text.encode(), hashlib.sha256).digest()


def rs256(text, key):
    return key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())


def number(value, size):
    return part(value.to_bytes(size, "big"))


class Mint:
    """An issuer's keys (RSA and EC with names, and a secret without one, which is tried for HS256 whatever the name), its good tokens, and others."""

    def __init__(self):
        self.key, self.other = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.curve = ec.generate_private_key(ec.SECP256R1())
        public = self.key.public_key()
        self.pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def jwk(self, key, **more):
        numbers = key.public_key().public_numbers()
        if isinstance(key, rsa.RSAPrivateKey):
            return {"kty": "RSA", "n": number(numbers.n, 256), "e": number(numbers.e, 3), **more}
        return {"kty": "EC", "crv": "P-256", "x": number(numbers.x, 32), "y": number(numbers.y, 32), **more}

    def jwks(self):
        return {"keys": [self.jwk(self.key, kid="rsa"), self.jwk(self.curve, kid="ec")]}

    # --- good ones ---

    def claims(self, lives=HOUR, **changes):
        """None takes a claim away."""
        claims = {"sub": FORGER, "aud": AUDIENCE, "iss": ISSUER, "role": "trader", "exp": int(time.time()) + lives, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def signed(self, claims, header=None):
        """By the issuer: of bytes it is what they say."""
        text = f"{part(header or {'alg': 'RS256', 'typ': 'JWT', 'kid': 'rsa'})}.{part(claims)}"
        return f"{text}.{part(rs256(text, self.key))}"

    def sealed(self, claims, header=None, secret=SECRET):
        """With a secret: the issuer's, or what the forger takes for one."""
        text = f"{part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
        return f"{text}.{part(hs256(text, secret))}"

    def good(self, subject, role="trader", lives=HOUR):
        return self.signed(self.claims(lives, sub=subject, role=role))

    # --- others: {what it is: (token, why it is refused)} ---

    def not_for_here(self):
        """Signed by the issuer."""
        now = int(time.time())
        claims = {"expired": (self.claims(-5), "expired"), "expired long ago": (self.claims(exp=1), "expired"),
                  "not valid yet": (self.claims(nbf=now + HOUR), "early"), "issued in the future": (self.claims(iat=now + HOUR), "early"),
                  "another audience": (self.claims(aud="others"), "audience"), "other audiences": (self.claims(aud=["a", "b"]), "audience"),
                  "no audience": (self.claims(aud=None), "audience"), "a part of the audience": (self.claims(aud=AUDIENCE[:-1]), "audience"),
                  "another issuer": (self.claims(iss="https://issuer.example.org"), "issuer"), "no issuer": (self.claims(iss=None), "issuer")}
        made = {name: (self.signed(claims), why) for name, (claims, why) in claims.items()}
        made["expired, with the secret"] = (self.sealed(self.claims(-5)), "expired")
        for name, header, why in (("a token for a logout", {"typ": "logout+jwt"}, "malformed"), ("a proof of possession", {"typ": "dpop+jwt"}, "malformed"),
                                  ("extensions", {"crit": ["exp"]}, "critical"), ("claims as they are", {"crit": ["b64"], "b64": False}, "critical")):
            made[name] = (self.signed(self.claims(), {"alg": "RS256", "kid": "rsa", **header}), why)
        return made

    def ambiguous(self):
        """Signed by the issuer, but two readers might read two things, or none. Nothing of them is believed."""
        good = json.dumps(self.claims())[:-1].encode()
        claims = {"exp twice": good + b',"exp":99999999999}', "exp twice by an escape": good + rb',"\u0065xp":99999999999}',
                  "aud twice": b'{"aud":"others",' + good[1:] + b"}", "role twice": b'{"role":"guest",' + good[1:] + b"}",
                  "sub twice": good + b',"sub":"alice"}', "no exp": self.claims(exp=None), "exp as a text": self.claims(exp="99999999999"),
                  "exp below zero": self.claims(exp=-1), "exp with an exponent": good[:good.rindex(b":") + 1] + b"9e99}",
                  "exp in a list": self.claims(exp=[99999999999]), "aud of numbers": self.claims(aud=[1, AUDIENCE]),
                  "claims in a list": [self.claims()], "no JSON": b"\xff" * 100, "JSON and more": good + b"}{}",
                  "deep claims": good + b',"x":' + b"[" * 2000 + b"]" * 2000 + b"}",
                  "deep claims that never end": good + b',"x":' + b'{"a":' * 900,
                  "many claims": good + b"".join(b',"x%d":1' % i for i in range(64)) + b"}"}
        return {name: (self.signed(raw), "claims") for name, raw in claims.items()}

    def unsigned(self):
        """alg none in every spelling, with no signature and with a former one."""
        former = self.good("alice").split(".")[2]
        made = {}
        for spelling in ("none", "None", "NONE", "nOnE", "none ", "hs256", "HS512", "RS1"):
            text = f"{part({'alg': spelling, 'typ': 'JWT'})}.{part(self.claims())}."
            made[f"alg {spelling!r}, not signed"] = (text, "algorithm")
            made[f"alg {spelling!r}"] = (text + former, "algorithm")
        for name, header in (("no alg", {"typ": "JWT"}), ("alg ''", {"alg": ""}), ("alg null", {"alg": None}), ("algs", {"alg": ["none", "HS256"]})):
            made[name] = (f"{part(header)}.{part(self.claims())}.", "malformed")
        return made

    def tampered(self):
        """A good token that was changed: its claims, its signature, its header, its letters."""
        good = self.good(FORGER, "guest")
        header, claims, signature = good.split(".")
        wrong = part(bytes([base64.urlsafe_b64decode(signature + "==")[0] ^ 1]) + base64.urlsafe_b64decode(signature + "==")[1:])
        text = lambda **changes: f"{part({'alg': 'RS256', 'typ': 'JWT', 'kid': 'rsa', **changes})}.{claims}.{signature}"
        last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        spare = signature[:-1] + last[last.index(signature[-1]) ^ 1]  # 256 bytes leave four bits of the last letter unused
        return {"other claims": (f"{header}.{part(self.claims())}.{signature}", "signature"), "another signature": (f"{header}.{claims}.{wrong}", "signature"),
                "no signature": (f"{header}.{claims}.", "signature"), "half a signature": (f"{header}.{claims}.{signature[:100]}", "signature"),
                "a signature and more": (f"{good}AAAA", "signature"), "RS256 as PS256": (text(alg="PS256"), "signature"),
                "RS256 as HS256": (text(alg="HS256"), "signature"), "RS256 as ES256": (text(alg="ES256"), "algorithm"),
                "the other key": (text(kid="ec"), "algorithm"), "another header": (text(typ="at+jwt"), "signature"),
                "spare bits": (f"{header}.{claims}.{spare}", "malformed"), "padded": (f"{good}==", "malformed"),
                "other letters": (f"{header}.{claims}.+/{signature[2:]}", "malformed"), "two parts": (f"{header}.{claims}", "malformed"),
                "four parts": (f"{good}.{signature}", "malformed"), "five parts": (f"{good}.{signature}.{signature}", "malformed"),
                "empty parts": ("..", "malformed"), "dots": ("." * 8000, "malformed"), "no dots": (part(good.encode()), "malformed")}

    def confused(self):
        """Signed with what everybody knows, or with nothing: the public key in each form as a secret, no secret, zeros for a signature."""
        named = {"alg": "HS256", "typ": "JWT", "kid": "rsa"}
        public = {"its PEM": self.pem, "its PEM in one": self.pem.strip(), "its DER": self.der, "its JWK": json.dumps(self.jwk(self.key)).encode(),
                  "its n": self.jwk(self.key)["n"].encode(), "nothing": b"", "32 zeros": bytes(32)}
        made = {f"with {what} for a secret": (self.sealed(self.claims(), secret=secret), "signature") for what, secret in public.items()}
        made |= {f"with {what} for a secret, by its name": (self.sealed(self.claims(), named, secret), "signature") for what, secret in public.items()}
        for name, signature in (("zeros", bytes(64)), ("zeros in DER", b"\x30\x06\x02\x01\x00\x02\x01\x00")):
            made[f"a curve's {name}"] = (f"{part({'alg': 'ES256', 'kid': 'ec'})}.{part(self.claims())}.{part(signature)}", "signature")
        made["RSA's zeros"] = (f"{part({'alg': 'RS256', 'kid': 'rsa'})}.{part(self.claims())}.{part(bytes(256))}", "signature")
        return made

    def foreign(self, address):
        """Signed with the forger's key, which the token brings along, or says where it is: nobody may ask there."""
        made = {}
        url = f"http://{address}/{FORGER}"
        for name, header in (("no word of it", {}), ("jwk", {"jwk": self.jwk(self.other)}), ("jku", {"jku": url}), ("x5u", {"x5u": url}),
                             ("x5c", {"x5c": [base64.b64encode(self.der).decode()]}), ("the name of a good one", {"kid": "rsa", "jwk": self.jwk(self.other, kid="rsa")})):
            text = f"{part({'alg': 'RS256', **header})}.{part(self.claims())}"
            made[f"the forger's key, {name}"] = (f"{text}.{part(rs256(text, self.other))}", "signature")
        return made

    def unknown_key(self, name=None):
        """Another one each time; or of that name."""
        name = f"{FORGER}-{os.urandom(8).hex()}" if name is None else name
        return f"{part({'alg': 'RS256', 'kid': name})}.{part(self.claims())}.{part(os.urandom(256))}"

    def named(self):
        """Names of keys that would be something else elsewhere: a path, a statement, a text that ends early."""
        names = {"a path": "../../../../dev/null", "a statement": "x' UNION SELECT 'k", "an early end": "rsa\0", "a blank": "rsa ", "nothing": "", "much": "k" * 5000}
        made = {f"a key called {what}": (self.unknown_key(name), "unknown_key") for what, name in names.items()}
        made["a key called 7"] = (f"{part({'alg': 'RS256', 'kid': 7})}.{part(self.claims())}.{part(bytes(256))}", "malformed")
        made["no secret in a file of that name"] = (self.sealed(self.claims(), {"alg": "HS256", "kid": "/dev/null"}, b""), "signature")
        return made

    def strange_headers(self):
        """What is read before any signature is."""
        good = b'{"alg":"RS256","kid":"rsa"'
        headers = {"a deep header": good + b',"x":' + b"[" * 2000 + b"]" * 2000 + b"}", "a deep header that never ends": good + b',"x":' + b'{"a":' * 900,
                   "alg twice": b'{"alg":"none",' + good[1:] + b"}", "alg twice by an escape": good + rb',"\u0061lg":"none"}', "kid twice": good + b',"kid":"ec"}',
                   "many members": good + b"".join(b',"x%d":1' % i for i in range(64)) + b"}", "a header in a list": b"[" + good + b"}]",
                   "no JSON in the header": b"\xff" * 100, "half a header": good, "an empty header": b"{}", "no header": b""}
        return {name: (self.signed(self.claims(), header) if header else f".{part(self.claims())}.{part(bytes(256))}", "malformed")
                for name, header in headers.items()}

    def huge(self):
        """Longer than a token may be, and than a head may be."""
        return {"9,000 bytes": ("a" * 9000, "too_long"), "9,000 dots": ("." * 9000, "too_long"), "a long claim": (self.signed(self.claims(x="x" * 7000)), "too_long"),
                "60,000 bytes": (f"{part({'alg': 'RS256'})}.{'a' * 60000}.{part(bytes(256))}", "too_long")}

    def forged(self, address):
        """All of them. address: HOST:PORT, where a forger would have keys asked for."""
        made = {**self.not_for_here(), **self.ambiguous(), **self.unsigned(), **self.tampered(), **self.confused(), **self.foreign(address), **self.named(),
                **self.strange_headers(), **self.huge()}
        made["an unknown key"] = (self.unknown_key(), "unknown_key")
        return made


def told(said, tokens):
    """What of the tokens, or of any token, stands in what was said, which none of it may."""
    pieces = {piece for token in tokens for piece in token.split(".") if len(piece) >= 20}
    return [piece for piece in (SECRET.decode(), FORGER, part({"alg": ""})[:3], *pieces) if piece[:200] in said]


class KeyServer:
    """Where the issuer's keys are: http://`address`/jwks. `asked`: when and for what it was asked."""

    def __init__(self, keys):
        server, self.asked = self, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                server.asked.append((time.monotonic(), self.path))
                body = json.dumps(keys).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def guard(flow, mint, keys, **auth):
    """The gateway asks for tokens of that mint, whose keys it finds there."""
    secret = flow.directory / "secret"
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    flow.config["gatewayd"] |= {"roles": ROLES, "auth": {"mode": "jwt", "keys": f"http://{keys.address}/jwks", "secret_file": str(secret), "audience": AUDIENCE,
                                                         "issuer": ISSUER, "leeway_ms": 0, **auth}}
