"""Sign the token that authorises every push of a team's key.

Apple's rules: ES256; a token older than an hour is refused; one younger than twenty minutes must not be
replaced, by any process that uses the key, or APNs answers 429 TooManyProviderTokenUpdates.

Source:
    Apple, "Establishing a token-based connection to APNs".
"""

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.apns.errors import SigningKeyError
from app.apns.held_token import HeldToken, IssuedToken, fingerprint_of

RENEW_AFTER_SECONDS = 45 * 60
YOUNGEST_CHANGE_SECONDS = 20 * 60
# A minute before Apple's hour is over: a push under way must not outlive its token.
OLDEST_SECONDS = 59 * 60


class ProviderToken(HeldToken):
    """Signs tokens for one key, and knows the current one and how long it is good; it does no I/O.

    Signing takes about a tenth of a millisecond.
    """

    def __init__(self, team_id: str, key_id: str, private_key_pem: str) -> None:
        super().__init__(youngest=YOUNGEST_CHANGE_SECONDS, oldest=OLDEST_SECONDS)
        self.team_id = team_id
        self.key_id = key_id
        self._key = _load(private_key_pem)
        self.key_fingerprint = fingerprint_of(self._key)

    def __repr__(self) -> str:
        return f"ProviderToken(team_id={self.team_id!r}, key_id={self.key_id!r})"

    async def issue(self, now: float) -> IssuedToken:
        """Sign another token; see `sign`."""
        return self.sign(now)

    def sign(self, now: float) -> IssuedToken:
        """Sign another token, which is not the current one before it is adopted.

        Args:
            now: Unix seconds, from the clock that all processes share.
        """
        return IssuedToken(self._sign(int(now)), int(now))

    def due(self, now: float) -> bool:
        """Tell whether another token is wanted: there is none, or it is old or refused, and may be changed."""
        if self._current is None:
            return True
        # A clock that went back by more than the youngest change would keep a token for hours.
        age = abs(now - self._current.issued_at)
        if age < YOUNGEST_CHANGE_SECONDS:
            return False
        return self._invalid or age >= RENEW_AFTER_SECONDS or now < self._current.issued_at

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
