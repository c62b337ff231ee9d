"""Whose own tokens are taken, as the settings say."""

from typing import Final

import msgspec

from app.webhooks.address import AddressRules, fault_of_url

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)  # fmt: skip
"""What may be allowed: signatures whose key may be public."""


class ShopTokenRules(msgspec.Struct, frozen=True, kw_only=True):
    """Whose tokens are taken.

    Attributes:
        url: Where the public keys are.
        addresses: Where that may be.
        issuer: `iss`, to the letter.
        audience: One of `aud`.
        customer_claim: The claim that holds the customer's id.
        algorithms: Of signatures, some of ALGORITHMS.
    """

    url: str
    addresses: AddressRules
    issuer: str
    audience: str
    customer_claim: str
    algorithms: tuple[str, ...]


def fault_of_algorithms(algorithms: tuple[str, ...]) -> str | None:
    """Say what is wrong with a choice of algorithms, and the fix."""
    unknown = sorted(set(algorithms) - set(ALGORITHMS))
    if algorithms and not unknown:
        return None
    return f"{', '.join(unknown) or 'nothing'} is not to be had; take of {', '.join(ALGORITHMS)}"


def shop_token_rules(
    *,
    url: str,
    addresses: AddressRules,
    issuer: str | None,
    audience: str | None,
    claim: str,
    algorithms: tuple[str, ...],
) -> ShopTokenRules:
    """Make the rules.

    Raises:
        ValueError: A setting is missing, or cannot be used; the message names it.
    """
    if (fault := fault_of_url(url, addresses)) is not None:
        raise ValueError(f"LOCKSTEP_JWKS_URL {fault}.")
    if issuer is None or audience is None:
        raise ValueError(
            "LOCKSTEP_JWKS_URL is set: set LOCKSTEP_JWT_ISSUER and LOCKSTEP_JWT_AUDIENCE too, or tokens that were made "
            "for somebody else would be taken."
        )
    return ShopTokenRules(
        url=url, addresses=addresses, issuer=issuer, audience=audience, customer_claim=claim, algorithms=algorithms
    )
