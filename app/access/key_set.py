"""JSON Web Key Sets (RFC 7517): the public keys that a shop signs its own tokens with.

Rules:
    Keys are public and asymmetric: RSA of 2,048 bits or more, the curves of NIST, Ed25519. A key is good for the
    algorithm that it names, or for all of its kind, as far as the settings allow them; one that is for encryption, that
    holds a private part, or is of another kind is passed over. Never `none`, never HMAC, whose key would be public.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.access.errors import KeySetError

_RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_KIND: Final[Mapping[tuple[str, str | None], tuple[str, ...]]] = {
    ("RSA", None): _RSA,
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
MOST_KEYS: Final = 100
LEAST_RSA_BITS: Final = 2_048


class KeySet:
    """Public keys by their ids and algorithms."""

    def __init__(self, keys: Mapping[tuple[str | None, str], jwt.PyJWK]) -> None:
        self._keys = keys

    def find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Give the key that a token names; a token that names none is taken at its word where one key alone fits."""
        if key_id is not None:
            return self._keys.get((key_id, algorithm))
        fitting = [key for (_, served), key in self._keys.items() if served == algorithm]
        return fitting[0] if len(fitting) == 1 else None


def read_key_set(body: bytes, allowed: Collection[str]) -> KeySet:
    """Read a set.

    Args:
        body: JSON.
        allowed: Algorithms.

    Raises:
        KeySetError: It is no set, too large, or holds no key that could be used.
    """
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise KeySetError("It is not JSON.") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise KeySetError(f"It is no object with `keys`, a list of at most {MOST_KEYS}.")
    keys: dict[tuple[str | None, str], jwt.PyJWK] = {}
    for each in listed:
        for algorithm in _served_by(each, allowed):
            key = _read_key(each, algorithm)
            if key is not None:
                keys.setdefault((each.get("kid"), algorithm), key)
    if not keys:
        raise KeySetError(f"It holds no public key for {', '.join(sorted(allowed))}.")
    return KeySet(keys)


def _served_by(data: Any, allowed: Collection[str]) -> list[str]:
    """Name the algorithms that a key may be used with."""
    if not isinstance(data, dict) or "d" in data or data.get("use", "sig") != "sig":
        return []
    kind, curve, named, key_id = (data.get(each) for each in ("kty", "crv", "alg", "kid"))
    if not all(each is None or isinstance(each, str) for each in (kind, curve, named, key_id)):
        return []
    served = _BY_KIND.get((str(kind), curve), ())
    return [each for each in served if each in allowed and named in {None, each}]


def _read_key(data: dict[str, Any], algorithm: str) -> jwt.PyJWK | None:
    try:
        key = jwt.PyJWK(data, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return None if isinstance(key.key, RSAPublicKey) and key.key.key_size < LEAST_RSA_BITS else key
