"""Sign the token that authorises every push of a team's key.

Apple's rules: ES256; a token older than an hour is refused; one younger than twenty minutes must not be
replaced, by any process that uses the key, or APNs answers 429 TooManyProviderTokenUpdates.

Source:
    Apple, "Establishing a token-based connection to APNs".
"""

import threading
from enum import Enum

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.apns.errors import SigningKeyError

RENEW_AFTER_SECONDS = 45 * 60
YOUNGEST_CHANGE_SECONDS = 20 * 60


class IssuedToken(msgspec.Struct, frozen=True):
    """A signed token and when it was signed, to be shared (sealed) between processes."""

    value: str
    issued_at: int

    def __repr__(self) -> str:
        return f"IssuedToken(issued_at={self.issued_at})"


class Invalidation(Enum):
    """Say what came of a token that APNs called expired."""

    RENEWING = "the next call signs a new token"
    REPLACED = "another token is current already"
    TOO_YOUNG = "the token is younger than twenty minutes, so this machine's clock must be off"


class ProviderToken:
    """Keeps one token for one key and signs the next when it is time.

    Signing takes about a tenth of a millisecond and awaits nothing, so callers cannot overlap; the lock is
    for callers on other threads.
    """

    def __init__(self, team_id: str, key_id: str, private_key_pem: str) -> None:
        self.team_id = team_id
        self.key_id = key_id
        self._key = _load(private_key_pem)
        self._lock = threading.Lock()
        self._current: IssuedToken | None = None
        self._invalid = False

    def __repr__(self) -> str:
        return f"ProviderToken(team_id={self.team_id!r}, key_id={self.key_id!r})"

    def token(self, now: float) -> str:
        """Give the current token, signed anew when it is due.

        Args:
            now: Unix seconds, from the clock that all processes share.
        """
        return self.issue(now).value

    def issue(self, now: float) -> IssuedToken:
        """Give the current token with its time, signed anew when it is due.

        Args:
            now: Unix seconds, from the clock that all processes share.
        """
        with self._lock:
            current = self._current
            if current is None or self._is_due(current, now):
                current = self._current = IssuedToken(self._sign(int(now)), int(now))
                self._invalid = False
            return current

    def due(self, now: float) -> bool:
        """Tell whether the next `issue` would sign: the moment to look what other processes have."""
        with self._lock:
            return self._current is None or self._is_due(self._current, now)

    def adopt(self, issued: IssuedToken) -> None:
        """Take a token another process signed, if it is newer than ours."""
        with self._lock:
            if self._current is None or issued.issued_at > self._current.issued_at:
                self._current = issued
                self._invalid = False

    def invalidate(self, token: str, now: float) -> Invalidation:
        """Note that APNs called a token expired.

        Args:
            token: the one that was sent.
            now: Unix seconds.
        """
        with self._lock:
            current = self._current
            if current is None or current.value != token:
                return Invalidation.REPLACED
            if abs(now - current.issued_at) < YOUNGEST_CHANGE_SECONDS:
                return Invalidation.TOO_YOUNG
            self._invalid = True
            return Invalidation.RENEWING

    def _is_due(self, current: IssuedToken, now: float) -> bool:
        # A clock that went back by more than the youngest change would keep a token for hours.
        age = abs(now - current.issued_at)
        if age < YOUNGEST_CHANGE_SECONDS:
            return False
        return self._invalid or age >= RENEW_AFTER_SECONDS or now < current.issued_at

    def _sign(self, issued_at: int) -> str:
        return jwt.encode(
            {"iss": self.team_id, "iat": issued_at}, self._key, algorithm="ES256", headers={"kid": self.key_id}
        )


def _load(private_key_pem: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(private_key_pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause may quote the text it could not read, and that text may be the key.
        raise SigningKeyError("the APNs signing key is not a PEM private key without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SigningKeyError("the APNs signing key is not a P-256 key; use the .p8 file Apple issued")
    return key
