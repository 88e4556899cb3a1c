"""Tokens of others' making, python3-jwt's, jose's and our own command line's: the gateway's code lets in those that are good, and no other."""

import base64
import json
import os
import shutil
import subprocess
import time

import npm
import pytest
from cli import DATAFLOW
from pipeline import BIN, PATIENCE, ROOT

jwt = pytest.importorskip("jwt", reason="python3-jwt is not installed")
pytest.importorskip("cryptography", reason="python3-cryptography is not installed")

from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: E402

CHECK = BIN.parent / "tests/system/token_check"
SECRET = "0123456789abcdef0123456789abcdef"
ROLES = {"viewer": {"symbols": ["*-USD"]}, "trader": {}, "operator": {"operator": True}}
KEYS = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 3072),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


def base64url(number, size=None):
    return base64.urlsafe_b64encode(number.to_bytes(size or (number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def jwk(key):
    public = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": base64url(numbers.n), "e": base64url(numbers.e)}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers, size = public.public_numbers(), key.curve.key_size // 8
        return {"kty": "EC", "crv": f"P-{key.curve.key_size}", "x": base64url(numbers.x, size), "y": base64url(numbers.y, size)}
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url(int.from_bytes(raw, "big"), 32)}


def pem(key, private=False):
    if private:
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class Gate:
    """What a gateway with such files says of tokens."""

    def __init__(self, folder, keys=None, secret=None, mode=0o600, **settings):
        self.auth = {"mode": "jwt", **settings}
        for name, content in ("keys", keys), ("secret_file", secret):
            if content is not None:
                path = folder / name
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
                path.chmod(mode)
                self.auth[name] = str(path)
        self.config = folder / "config.json"
        self.config.write_text(json.dumps({"gatewayd": {"auth": self.auth, "roles": ROLES}}))

    def run(self, *tokens):
        return subprocess.run([CHECK, self.config], input="".join(token + "\n" for token in tokens), capture_output=True, text=True, timeout=PATIENCE)

    def says(self, *tokens):
        ended = self.run(*tokens)
        assert ended.returncode == 0, ended.stderr
        assert not any(token and token in ended.stderr for token in tokens)
        return [json.loads(line) for line in ended.stdout.splitlines()]

    def say(self, token):
        return self.says(token)[0]


def claims(**more):
    return {"sub": "alice", "role": "viewer", "iat": int(time.time()), "exp": int(time.time()) + 60} | more


def is_alice(said, role="viewer"):
    return said.get("subject") == "alice" and said["role"] == role and said["expires_ns"] > time.time_ns()


@pytest.mark.parametrize("algorithm", KEYS)
def test_tokens_of_python3_jwt_are_good(tmp_path, algorithm):
    key, other = KEYS[algorithm](), KEYS[algorithm]()
    jwks = json.dumps({"keys": [jwk(other) | {"kid": "b"}, jwk(key) | {"kid": "a"}]})
    good = jwt.encode(claims(), key, algorithm, headers={"kid": "a"})
    said = Gate(tmp_path, jwks, mode=0o644).says(
        good,
        jwt.encode(claims(), key, algorithm),
        jwt.encode(claims(), other, algorithm, headers={"kid": "a"}),
        jwt.encode(claims(), key, algorithm, headers={"kid": "c"}),
        jwt.encode(claims(), None, "none", headers={"kid": "a"}),
        jwt.encode(claims(), SECRET, headers={"kid": "a"}),
        jwt.encode(claims(), key, algorithm, headers={"kid": "a", "crit": ["exp"]}),
    )
    assert is_alice(said[0]) and is_alice(said[1])
    assert [each.get("refused") for each in said[2:]] == ["signature", "unknown_key", "algorithm", "algorithm", "critical"]
    assert is_alice(Gate(tmp_path, pem(key)).say(good))


def test_secrets_are_good_for_hs256_alone(tmp_path):
    said = Gate(tmp_path, secret=SECRET + "\n").says(
        jwt.encode(claims(), SECRET), jwt.encode(claims(), SECRET, "HS512"), jwt.encode(claims(), SECRET[:-1]), "")
    assert is_alice(said[0])
    assert said[1:] == [{"refused": "algorithm", "status": 401, "code": -32001}, {"refused": "signature", "status": 401, "code": -32001},
                        {"refused": "no_token", "status": 401, "code": -32001}]


def test_whichever_byte_of_a_token_is_changed_it_is_refused(tmp_path):
    token = jwt.encode(claims(), SECRET)
    changed = [token[:i] + chr(ord(token[i]) ^ bit) + token[i + 1 :] for i in range(len(token)) for bit in (1, 2, 4, 16, 32)]
    changed = [each for each in changed if "\n" not in each and each.isprintable()]
    said = Gate(tmp_path, secret=SECRET).says(*changed, token)
    assert is_alice(said.pop())
    assert len(said) == len(changed) > 4 * len(token)
    assert all("refused" in each for each in said)


def test_claims_are_judged(tmp_path):
    now = int(time.time())
    cases = {
        "expired": {"exp": now - 11},
        "early": {"nbf": now + 60},
        "issuer": {"iss": "https://other.example/"},
        "audience": {"aud": ["them"]},
        "no_role": {"scope": "openid nobody"},
        "claims": {"exp": str(now + 60)},
    }
    gate = Gate(tmp_path, secret=SECRET, issuer="https://id.example/", audience="us", claim="/scope", leeway_ms=10000)
    usual = claims(iss="https://id.example/", aud=["them", "us"], scope="openid trader viewer")
    said = gate.says(jwt.encode(usual, SECRET), *(jwt.encode(usual | case, SECRET) for case in cases.values()))
    assert is_alice(said[0], "trader")
    assert [each["refused"] for each in said[1:]] == list(cases)
    assert said[5] == {"refused": "no_role", "status": 403, "code": -32003}


def test_a_role_stands_anywhere(tmp_path):
    gate = Gate(tmp_path, secret=SECRET, claim="/realm_access/roles")
    assert is_alice(gate.say(jwt.encode(claims(realm_access={"roles": ["offline_access", "operator"]}), SECRET)), "operator")


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    ended = Gate(tmp_path, secret=SECRET, mode=0o640).run()
    assert ended.returncode == 1 and "expected that only its owner can read it (chmod 600)" in ended.stderr
    assert SECRET not in ended.stderr


def test_tokens_of_jose_are_good(tmp_path):
    beside = npm.installed("tests/system/node") / "package.json"
    ended = subprocess.run(["node", ROOT / "tests/system/node/tokens.mjs"], input=json.dumps(claims()), capture_output=True, text=True, timeout=PATIENCE,
                           env={**os.environ, "NODE_MODULES_BESIDE": str(beside)})
    assert ended.returncode == 0, ended.stderr
    made = json.loads(ended.stdout)
    said = Gate(tmp_path, json.dumps(made["jwks"])).says(*made["tokens"].values())
    assert len(said) == 6 and all(is_alice(each) for each in said), said


def made(*options):
    return subprocess.run([DATAFLOW, "token", *map(str, options)], capture_output=True, text=True, timeout=PATIENCE)


def token(*options):
    ended = made(*options)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.removesuffix("\n")


def test_the_command_line_makes_tokens_with_a_secret(tmp_path):
    gate = Gate(tmp_path, secret=SECRET, audience="us")
    secret = gate.auth["secret_file"]
    said = gate.says(token("--role", "viewer", "--secret", secret, "--sub", "alice", "--claim", "aud=us", "--for", "2h"),
                     token("--claim", "role=[7,\"trader\"]", "--secret", secret, "--claim", "aud=[\"us\"]", "--for", "90s"))
    assert is_alice(said[0]) and abs(said[0]["expires_ns"] / 1e9 - time.time() - 7210) < 60
    assert said[1]["role"] == "trader" and said[1]["subject"] == ""
    decoded = jwt.decode(token("--role", "viewer", "--secret", secret), SECRET, ["HS256"])
    assert decoded["role"] == "viewer" and decoded["exp"] - decoded["iat"] == 3600


@pytest.mark.parametrize("algorithm", [name for name in KEYS if name != "PS256"])
def test_the_command_line_makes_tokens_with_a_key(tmp_path, algorithm):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    key = KEYS[algorithm]()
    private = tmp_path / "private.pem"
    private.write_bytes(pem(key, private=True))
    gate = Gate(tmp_path, json.dumps({"keys": [jwk(key) | {"kid": "a", "alg": algorithm}]}))
    for _ in range(3):  # a signature of EC may begin with zeros
        mine = token("--role", "viewer", "--key", private, "--sub", "alice", "--kid", "a")
        assert is_alice(gate.say(mine))
    assert jwt.decode(mine, key.public_key(), [algorithm])["role"] == "viewer"


def test_the_command_line_says_what_is_wrong(tmp_path):
    secret, public = tmp_path / "secret", tmp_path / "public.pem"
    secret.write_text("short")
    secret.chmod(0o600)
    public.write_bytes(pem(KEYS["EdDSA"]()))
    cases = [
        (("--role", "a", "--secret", secret), 1, "expected a secret of 32 to 4096 bytes, found 5"),
        (("--role", "a", "--secret", tmp_path / "none"), 1, "No such file or directory"),
        (("--role", "a", "--key", tmp_path / "none"), 1, "No such file or directory"),
        (("--role", "a", "--key", public), 1, "expected a private key in PEM"),
        (("--secret", secret), 1, "expected --role NAME"),
        (("--role", "a"), 2, "--secret --key is required"),
        (("--role", "a", "--secret", secret, "--key", public), 2, "not allowed with"),
        (("--role", "a", "--secret", secret, "--for", "1y"), 2, "expected a duration (90s, 30m, 12h, 1d, 2w), found '1y'"),
        (("--role", "a", "--secret", secret, "--claim", "aud"), 2, "expected NAME=VALUE, found 'aud'"),
    ]
    for options, code, words in cases:
        ended = made(*options)
        assert (ended.returncode, ended.stdout) == (code, "") and words in ended.stderr, ended.stderr
        assert "Traceback" not in ended.stderr
    secret.write_text(SECRET)
    secret.chmod(0o644)
    ended = made("--role", "a", "--secret", secret)
    assert ended.returncode == 1 and "chmod 600" in ended.stderr and SECRET not in ended.stderr
