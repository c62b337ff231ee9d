"""Order tickets: short-lived signed tokens that let an app speak for its user, and for nobody else.

A ticket is a JWT (RFC 7519) signed with HS256 by a key that never leaves the installation. `sub` is the customer,
`order` one order that it opens without a customer. Only this algorithm is read: `none` and the rest are refused.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

from app.access.caller import Customer
from app.access.errors import TicketError

AUDIENCE: Final = "lockstep"
LONGEST_SECONDS: Final = 86_400
CLOCK_SKEW_SECONDS: Final = 60

_ALGORITHM: Final = "HS256"
_LONGEST_TEXT: Final = 2_048
_READER: Final = jwt.PyJWT()
# Time is an argument here, so the library's own clock stays out of it.
_OPTIONS: Final[Any] = {
    "require": ["exp", "iat", "aud"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


def mint(customer: Customer, key: bytes, *, now: datetime, ttl_seconds: int) -> tuple[str, datetime]:
    """Sign a ticket and tell when it ends.

    Args:
        customer: Whom it speaks for: a customer, an order, or both.
        key: Of the installation's keyring.
        now: Aware.
        ttl_seconds: 1 to 86,400.

    Raises:
        ValueError: It would last too long, or speak for nobody.
    """
    if not 1 <= ttl_seconds <= LONGEST_SECONDS:
        raise ValueError(f"A ticket lasts 1 to {LONGEST_SECONDS} seconds.")
    if customer.customer_id is None and customer.order is None:
        raise ValueError("A ticket names a customer, an order, or both.")
    issued_at = now.astimezone(UTC).replace(microsecond=0)
    expires_at = issued_at + timedelta(seconds=ttl_seconds)
    claims: dict[str, Any] = {"aud": AUDIENCE, "iat": int(issued_at.timestamp()), "exp": int(expires_at.timestamp())}
    if customer.customer_id is not None:
        claims["sub"] = customer.customer_id
    if customer.order is not None:
        claims["order"] = customer.order
    return _READER.encode(claims, key, algorithm=_ALGORITHM), expires_at


def is_ticket(text: str) -> bool:
    """Tell whether a token says that it is signed as tickets are; whether it is one, `read` finds out."""
    try:
        return bool(jwt.get_unverified_header(text).get("alg") == _ALGORITHM)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return False


def read(text: str, key: bytes, *, now: datetime) -> Customer:
    """Read a ticket.

    Raises:
        TicketError: It is not one of ours, or its time is over or has not come.
    """
    if len(text) > _LONGEST_TEXT:
        raise TicketError("The ticket is too long to be one of ours.")
    try:
        claims = _READER.decode(text, key, algorithms=[_ALGORITHM], audience=AUDIENCE, options=_OPTIONS)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise TicketError("The ticket is not one of ours.") from None
    issued_at, expires_at = claims["iat"], claims["exp"]
    if type(issued_at) is not int or type(expires_at) is not int or expires_at - issued_at > LONGEST_SECONDS:
        raise TicketError("The ticket lasts longer than a ticket may.")
    seconds = now.timestamp()
    if not issued_at - CLOCK_SKEW_SECONDS <= seconds < expires_at:
        raise TicketError("The ticket's time is over or has not come.")
    customer_id, order = claims.get("sub"), claims.get("order")
    if not (_is_name(customer_id) and _is_name(order)) or (customer_id is None and order is None):
        raise TicketError("The ticket speaks for nobody.")
    return Customer(customer_id, order)


def _is_name(claim: Any) -> bool:
    return claim is None or (isinstance(claim, str) and claim != "")
