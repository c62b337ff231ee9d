"""The shop's own tokens: JWTs (RFC 7519) of its sign-in, which let an app speak for its customer.

Rules (RFC 8725):
    The signature's algorithm is one that the settings allow, and the key's own. Where a key comes from is ours to say:
    `jku`, `x5u`, `jwk` and `x5c` of a header are never looked at. Issuer and audience are the ones that the settings
    name. A token ends; its customer stands in the claim that the settings name.
"""

import math
from datetime import datetime
from typing import Any, Final

import jwt
import msgspec

from app.access.caller import Customer
from app.access.errors import TicketError
from app.access.shop_token_rules import ShopTokenRules
from app.devices.device import Identifier

CLOCK_SKEW_SECONDS: Final = 60
LONGEST_TEXT: Final = 8_192

_READER: Final = jwt.PyJWT()
# Time is an argument here, so the library's own clock stays out of it.
_OPTIONS: Final[Any] = {
    "require": ["exp", "iss", "aud"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class TokenHeader(msgspec.Struct, frozen=True):
    """What a token says of its signature, believed of nobody yet."""

    algorithm: str
    key_id: str | None


def header_of(text: str) -> TokenHeader | None:
    """Read a token's header; None if it has none that can be read."""
    if len(text) > LONGEST_TEXT:
        return None
    try:
        header = jwt.get_unverified_header(text)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    algorithm = header.get("alg")
    return TokenHeader(algorithm, header.get("kid")) if isinstance(algorithm, str) else None


def read_shop_token(text: str, key: jwt.PyJWK, rules: ShopTokenRules, *, now: datetime) -> Customer:
    """Read a token.

    Args:
        text: As it came.
        key: The one that its header names, from the shop's set.
        rules: Whose tokens are taken.
        now: Aware.

    Raises:
        TicketError: It is not the shop's, not for us, out of its time, or names no customer.
    """
    try:
        claims = _READER.decode(
            text,
            key,
            algorithms=[each for each in rules.algorithms if each == key.algorithm_name],
            audience=rules.audience,
            issuer=rules.issuer,
            options=_OPTIONS,
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise TicketError("The token is not one of the shop's, or not for Lockstep.") from None
    if not _is_of_now(claims, now.timestamp()):
        raise TicketError("The token's time is over or has not come.")
    try:
        customer_id = msgspec.convert(claims.get(rules.customer_claim), Identifier)
    except msgspec.ValidationError:
        raise TicketError(f"The token names no customer in `{rules.customer_claim}`.") from None
    return Customer(customer_id)


def _is_of_now(claims: dict[str, Any], seconds: float) -> bool:
    """Tell whether a token's time has come and is not over."""
    ends, begins = claims["exp"], [claims[each] for each in ("iat", "nbf") if each in claims]
    # JSON has no infinity, and Python reads one: such a token would never end
    if not all(type(each) is int or (type(each) is float and math.isfinite(each)) for each in (ends, *begins)):
        return False
    return bool(seconds < ends and all(each <= seconds + CLOCK_SKEW_SECONDS for each in begins))
