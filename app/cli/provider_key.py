"""A signing key such as Apple hands out, for the simulator, which is told its public half."""

import os
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

TEAM_ID: Final = "SIMULATEDT"
KEY_ID: Final = "SIMULATEDK"


def make_private_key() -> str:
    """Make an ES256 key, in the form of Apple's .p8 files."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_half(private_pem: str) -> bytes:
    """Give the public half of a key."""
    key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def keep_private_key(path: Path) -> str:
    """Read the key of a file, which is made where it is missing, for this account alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make_private_key())
    except FileExistsError:
        pass
    return path.read_text(encoding="utf-8")
