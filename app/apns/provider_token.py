"""Sign the token that authorises every push of a team's key.

Apple's rules: ES256; a token older than an hour is refused; one younger than twenty minutes must not be
replaced, by any process that uses the key, or APNs answers 429 TooManyProviderTokenUpdates.

Source:
    Apple, "Establishing a token-based connection to APNs".
"""

import hashlib
from enum import Enum

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from app.apns.errors import SigningKeyError

RENEW_AFTER_SECONDS = 45 * 60
YOUNGEST_CHANGE_SECONDS = 20 * 60
# A minute before Apple's hour is over: a push under way must not outlive its token.
OLDEST_SECONDS = 59 * 60


class IssuedToken(msgspec.Struct, frozen=True):
    """A signed token and when it was signed, to be shared (sealed) between processes."""

    value: str
    issued_at: int

    def __repr__(self) -> str:
        return f"IssuedToken(issued_at={self.issued_at})"


class Invalidation(Enum):
    """Say what came of a token that APNs called expired."""

    RENEWING = "another token is wanted"
    REPLACED = "another token is current already"
    TOO_YOUNG = "the token is younger than twenty minutes, so this machine's clock must be off"


class ProviderToken:
    """Signs tokens for one key, and knows the current one and how long it is good; it does no I/O.

    Signing takes about a tenth of a millisecond.
    """

    def __init__(self, team_id: str, key_id: str, private_key_pem: str) -> None:
        self.team_id = team_id
        self.key_id = key_id
        self._key = _load(private_key_pem)
        self.key_fingerprint = _fingerprint(self._key)
        self._current: IssuedToken | None = None
        self._invalid = False

    def __repr__(self) -> str:
        return f"ProviderToken(team_id={self.team_id!r}, key_id={self.key_id!r})"

    @property
    def current(self) -> IssuedToken | None:
        """Give the token that was adopted last."""
        return self._current

    async def issue(self, now: float) -> IssuedToken:
        """Sign another token; see `sign`."""
        return self.sign(now)

    def sign(self, now: float) -> IssuedToken:
        """Sign another token, which is not the current one before it is adopted.

        Args:
            now: Unix seconds, from the clock that all processes share.
        """
        return IssuedToken(self._sign(int(now)), int(now))

    def adopt(self, issued: IssuedToken) -> None:
        """Make a token the current one; one that APNs refused stays refused."""
        if self._current is None or issued.value != self._current.value:
            self._current = issued
            self._invalid = False

    def due(self, now: float) -> bool:
        """Tell whether another token is wanted: there is none, or it is old or refused, and may be changed."""
        if self._current is None:
            return True
        # A clock that went back by more than the youngest change would keep a token for hours.
        age = abs(now - self._current.issued_at)
        if age < YOUNGEST_CHANGE_SECONDS:
            return False
        return self._invalid or age >= RENEW_AFTER_SECONDS or now < self._current.issued_at

    def allowed(self, now: float) -> bool:
        """Tell whether APNs would still take the current token, due or not."""
        if self._current is None or self._invalid:
            return False
        return abs(now - self._current.issued_at) < OLDEST_SECONDS

    def invalidate(self, token: str, now: float) -> Invalidation:
        """Note that APNs called a token expired.

        Args:
            token: the one that was sent.
            now: Unix seconds.
        """
        current = self._current
        if current is None or current.value != token:
            return Invalidation.REPLACED
        if abs(now - current.issued_at) < YOUNGEST_CHANGE_SECONDS:
            return Invalidation.TOO_YOUNG
        self._invalid = True
        return Invalidation.RENEWING

    def _sign(self, issued_at: int) -> str:
        return jwt.encode(
            {"iss": self.team_id, "iat": issued_at}, self._key, algorithm="ES256", headers={"kid": self.key_id}
        )


def _fingerprint(key: ec.EllipticCurvePrivateKey) -> str:
    """Name a key by its public half, so that a token of another key under the same id is told apart."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()


def _load(private_key_pem: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(private_key_pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause may quote the text it could not read, and that text may be the key.
        raise SigningKeyError("the APNs signing key is not a PEM private key without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SigningKeyError("the APNs signing key is not a P-256 key; use the .p8 file Apple issued")
    return key
