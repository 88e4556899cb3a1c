"""A certificate of one's own, for a server on this machine."""

import subprocess


def certificate(folder, name, into="gateway"):
    """Makes one: (its file, the key's)."""
    certificate, key = folder / f"{into}.pem", folder / f"{into}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    key.chmod(0o600)
    return str(certificate), str(key)
