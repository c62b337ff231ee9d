"""The settings of the shop's own tokens: one error that names what is wrong, and the fix."""

from typing import Any

import pytest

from app.errors import SettingsError
from app.settings import load_settings

GOOD: dict[str, Any] = {
    "jwks_url": "https://shop.example/keys",
    "jwt_issuer": "https://shop.example/",
    "jwt_audience": "lockstep",
}


def test_they_say_whose_tokens_are_taken() -> None:
    """Nobody's without a URL; asymmetric algorithms alone unless told otherwise."""
    rules = load_settings(**GOOD).shop_tokens()
    assert rules is not None
    assert (rules.issuer, rules.audience, rules.customer_claim) == ("https://shop.example/", "lockstep", "sub")
    assert rules.algorithms == ("RS256", "ES256", "EdDSA")
    assert load_settings().shop_tokens() is None
    local = load_settings(**GOOD | {"jwks_url": "http://10.1.0.1/", "jwks_http": True, "jwks_networks": "10.1.0.0/16"})
    assert local.shop_tokens() is not None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"jwt_audience": None}, "LOCKSTEP_JWT_AUDIENCE"),
        ({"jwt_issuer": None}, "LOCKSTEP_JWT_ISSUER"),
        ({"jwks_url": "http://shop.example/keys"}, "LOCKSTEP_JWKS_HTTP"),
        ({"jwks_url": "https://10.1.0.1/keys"}, "LOCKSTEP_JWKS_NETWORKS"),
        ({"jwks_url": "file:///etc/passwd"}, "LOCKSTEP_JWKS_URL"),
        ({"jwks_networks": "10.1.0.1/8"}, "LOCKSTEP_JWKS_NETWORKS"),
        ({"jwt_algorithms": "RS256,HS256"}, "HS256"),
        ({"jwt_algorithms": "none"}, "LOCKSTEP_JWT_ALGORITHMS"),
        ({"jwt_algorithms": ""}, "LOCKSTEP_JWT_ALGORITHMS"),
        ({"jwt_customer_claim": ""}, "LOCKSTEP_JWT_CUSTOMER_CLAIM"),
    ],
)
def test_what_cannot_be_used_is_named(changes: dict[str, Any], named: str) -> None:
    """Half a setting takes nobody's tokens, and HMAC and `none` are not to be had."""
    with pytest.raises(SettingsError, match=named):
        load_settings(**{name: value for name, value in (GOOD | changes).items() if value is not None})
