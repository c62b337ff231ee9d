"""The token that authorises pushes, as one process holds it: the one adopted last, and whether it was refused.

It does no I/O, and knows of no service: how young a token may be replaced, and how old one may be, is given.
"""

import hashlib
from enum import Enum

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class IssuedToken(msgspec.Struct, frozen=True):
    """A token and when it was issued, to be shared (sealed) between processes."""

    value: str
    issued_at: int

    def __repr__(self) -> str:
        return f"IssuedToken(issued_at={self.issued_at})"


class Invalidation(Enum):
    """Say what came of a token that was refused."""

    RENEWING = "another token is wanted"
    REPLACED = "another token is current already"
    TOO_YOUNG = "the token is so young that something else is wrong, such as this machine's clock"


class HeldToken:
    """The current token.

    Args:
        youngest: Seconds; one that is refused before is kept.
        oldest: Seconds; one from before is taken no more.
    """

    def __init__(self, *, youngest: int, oldest: int) -> None:
        self._youngest = youngest
        self._oldest = oldest
        self._current: IssuedToken | None = None
        self._invalid = False

    @property
    def current(self) -> IssuedToken | None:
        """Give the token that was adopted last."""
        return self._current

    def adopt(self, issued: IssuedToken) -> None:
        """Make a token the current one; one that was refused stays refused."""
        if self._current is None or issued.value != self._current.value:
            self._current = issued
            self._invalid = False

    def allowed(self, now: float) -> bool:
        """Tell whether the current token would still be taken, due or not.

        Args:
            now: Unix seconds.
        """
        if self._current is None or self._invalid:
            return False
        return abs(now - self._current.issued_at) < self._oldest

    def invalidate(self, token: str, now: float) -> Invalidation:
        """Note that a token was refused.

        Args:
            token: The one that was sent.
            now: Unix seconds.
        """
        current = self._current
        if current is None or current.value != token:
            return Invalidation.REPLACED
        if abs(now - current.issued_at) < self._youngest:
            return Invalidation.TOO_YOUNG
        self._invalid = True
        return Invalidation.RENEWING


def fingerprint_of(key: EllipticCurvePrivateKey | RSAPrivateKey) -> str:
    """Name a key by its public half, so that a token of another key under the same id is told apart."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()
