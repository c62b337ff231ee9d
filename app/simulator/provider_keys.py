"""Verify provider tokens as APNs does.

The rules: ES256 with `kid` in the header, `iss` (the team) and `iat` (Unix seconds) in the claims; a token
lives one hour from `iat`; a key may change its token once in 20 minutes. Tokens of one key with the same `iat`
count as one: senders that align it are known to go unpunished, although no two ES256 signatures are equal.

Source:
    Apple, "Establishing a token-based connection to APNs".
"""

from typing import Any, cast

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from app.simulator.errors import SimulatorError

TOKEN_LIFE_SECONDS = 3600
TOKEN_CHANGE_SECONDS = 20 * 60
# Apple names no leeway; a minute keeps two healthy clocks from refusing one another.
CLOCK_LEEWAY_SECONDS = 60

_UNCHECKED = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False, "verify_iss": False}


class ProviderKey(msgspec.Struct, frozen=True):
    """Name a registered key: its team, its id and the one environment it serves (`None`: both)."""

    team_id: str
    key_id: str
    environment: str | None = None


class Verified(msgspec.Struct, frozen=True):
    """Hold what a token with a good signature says."""

    key: ProviderKey
    issued_at: int


class ProviderKeys:
    """Remember the registered keys, the tokens already verified and when each key last changed its token.

    Args:
        limit_token_updates: whether a key that changes its token twice in 20 minutes is refused.
    """

    def __init__(self, *, limit_token_updates: bool = True) -> None:
        self.limit_token_updates = limit_token_updates
        self._keys: dict[tuple[str, str], tuple[ProviderKey, EllipticCurvePublicKey]] = {}
        self._verified: dict[str, Verified] = {}
        self._changed_at: dict[ProviderKey, float] = {}

    def register(self, key: ProviderKey, public_pem: str | bytes) -> None:
        """Register a key by its public half.

        Raises:
            SimulatorError: the text is not a P-256 public key in PEM form.
        """
        pem = public_pem.encode() if isinstance(public_pem, str) else public_pem
        try:
            public_key = load_pem_public_key(pem)
        except ValueError as error:
            raise SimulatorError("the public key is not in PEM form") from error
        if not isinstance(public_key, EllipticCurvePublicKey) or public_key.curve.name != "secp256r1":
            raise SimulatorError("APNs verifies ES256: the public key must be on the curve P-256")
        self._keys[key.team_id, key.key_id] = (key, public_key)
        self._verified = {token: seen for token, seen in self._verified.items() if seen.key != key}

    def verify(self, token: str, *, now: float) -> ProviderKey | str:
        """Give the key that signed the token, or the reason for refusing it."""
        known = self._verified.get(token)
        verified = known or self._verify_signature(token)
        if verified is None or verified.issued_at > now + CLOCK_LEEWAY_SECONDS:
            return "InvalidProviderToken"
        if now - verified.issued_at > TOKEN_LIFE_SECONDS:
            self._verified.pop(token, None)
            return "ExpiredProviderToken"
        if known is None:
            if self._changes_too_soon(verified, now):
                return "TooManyProviderTokenUpdates"
            self._remember(token, verified, now)
        return verified.key

    def _changes_too_soon(self, verified: Verified, now: float) -> bool:
        last = self._changed_at.get(verified.key)
        if not self.limit_token_updates or last is None or now - last >= TOKEN_CHANGE_SECONDS:
            return False
        return verified not in self._verified.values()

    def _remember(self, token: str, verified: Verified, now: float) -> None:
        expired = [old for old, seen in self._verified.items() if now - seen.issued_at > TOKEN_LIFE_SECONDS]
        for old in expired:
            del self._verified[old]
        if verified not in self._verified.values():
            self._changed_at[verified.key] = now
        self._verified[token] = verified

    def _verify_signature(self, token: str) -> Verified | None:
        try:
            unverified = jwt.decode_complete(token, options={"verify_signature": False})
            claims = cast("dict[str, Any]", unverified["payload"])
            known = self._keys.get((str(claims.get("iss")), str(unverified["header"].get("kid"))))
            if known is None or not isinstance(claims.get("iat"), int):
                return None
            key, public_key = known
            jwt.decode(token, public_key, algorithms=["ES256"], options=cast("Any", _UNCHECKED))
        except jwt.PyJWTError:
            return None
        return Verified(key, claims["iat"])
