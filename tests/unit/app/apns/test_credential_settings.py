"""Signing keys as the settings name them."""

import pytest

from app.apns.credential_settings import read_signing_keys
from app.apns.request import Environment
from app.apns.served import Served
from app.errors import SettingsError
from app.settings import load_settings

SHOP = '{"teamId":"TEAM123456","keyId":"KEY1234567","key":"pem","apps":["com.example.shop"]}'
REST = '{"teamId":"TEAM654321","keyId":"KEY7654321","keyFile":"rest.p8","environments":["sandbox"]}'


def test_several_keys_serve_what_they_say() -> None:
    """Named apps, or all others; both environments, or one."""
    shop, rest = read_signing_keys(f"[{SHOP},{REST}]")

    assert shop.served == Served(("com.example.shop",), (Environment.PRODUCTION, Environment.SANDBOX))
    assert rest.served == Served(("*",), (Environment.SANDBOX,))
    assert "pem" not in repr(shop)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "cannot be used"),
        ("[]", "names no key"),
        (f"[{SHOP.replace('teamId', 'team')}]", "team"),
        (f"[{SHOP.replace('KEY1234567', 'KEY')}]", "keyId"),
        ("[" + SHOP.replace(',"key":"pem"', "") + "]", "KEY1234567 needs one of key and keyFile"),
        (f"[{SHOP},{SHOP.replace('KEY1234567', 'KEY1111111')}]", "both serve com.example.shop in production"),
        (f"[{REST},{REST.replace('KEY7654321', 'KEY1111111')}]", "both serve every app in sandbox"),
    ],
    ids=["no JSON", "none", "an unknown field", "a short id", "no text", "the same app twice", "all apps twice"],
)
def test_what_cannot_be_used_is_told(text: str, told: str) -> None:
    """With the field or the keys that it is about, and never a key's text."""
    with pytest.raises(SettingsError, match=told) as raised:
        read_signing_keys(text)
    assert '"pem"' not in str(raised.value)


def test_one_key_or_several_but_not_both() -> None:
    """Nobody should have to guess which serves what."""
    one = {"apns_team_id": "TEAM123456", "apns_key_id": "KEY1234567", "apns_key": "pem"}
    [key] = load_settings(**one).signing_keys()
    assert (key.key_id, key.served) == ("KEY1234567", Served())
    with pytest.raises(SettingsError, match="not both"):
        load_settings(**one, apns_credentials=f"[{SHOP}]").signing_keys()
    with pytest.raises(SettingsError, match="LOCKSTEP_APNS_KEY_ID"):
        load_settings(apns_team_id="TEAM123456").signing_keys()
