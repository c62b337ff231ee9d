"""Google's service accounts as the settings name them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.apns.fcm_account import files_of, read_account, read_accounts, routes_of_accounts
from app.errors import SettingsError
from app.settings import load_settings

PEM = generate_private_key(65_537, 2_048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
OF_APPLES = ec_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def account(**changes: Any) -> str:
    """Give the file that Google gives."""
    given = {
        "type": "service_account",
        "project_id": "shop-1",
        "private_key_id": "a1b2c3",
        "private_key": PEM,
        "client_email": "lockstep@shop-1.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return msgspec.json.encode(given | changes).decode()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "FCM_ACCOUNT is no key of a service account"),
        (account(project_id=""), "project_id"),
        (account(token_uri="http://oauth2.example"), "token_uri"),
        (account(private_key=OF_APPLES), "shop-1 is no RSA key"),
        (account(private_key="-----BEGIN SECRET"), "shop-1 is no RSA key"),
    ],
    ids=["no JSON", "no project", "no TLS", "Apple's kind of key", "no key"],
)
def test_what_cannot_be_used_is_told(text: str, told: str) -> None:
    """With the field that it is about, and never the key."""
    with pytest.raises(SettingsError, match=told) as raised:
        read_account(text, "FCM_ACCOUNT")
    assert "SECRET" not in str(raised.value)


def test_several_accounts_serve_what_they_say(tmp_path: Path) -> None:
    """Named apps, or all others; two for the same app are a riddle."""
    shop, rest = tmp_path / "shop.json", tmp_path / "rest.json"
    shop.write_text(account())
    rest.write_text(account(project_id="rest-2", private_key_id="d4e5"))
    text = f'[{{"accountFile":"{shop}","apps":["com.example.shop"]}},{{"accountFile":"{rest}"}}]'
    assert routes_of_accounts(read_accounts(text)) == [("com.example.shop", "fcm", "a1b2c3"), ("*", "fcm", "d4e5")]
    assert files_of(text) == [str(shop), str(rest)]
    with pytest.raises(SettingsError, match="shop-1 and rest-2 both serve every app"):
        read_accounts(f'[{{"accountFile":"{shop}"}},{{"accountFile":"{rest}"}}]')
    with pytest.raises(SettingsError, match=r"nowhere.json, which cannot be read"):
        read_accounts('[{"accountFile":"nowhere.json"}]')
    assert "BEGIN" not in repr(read_accounts(text))


def test_an_installation_may_be_for_android_alone() -> None:
    """Apple's keys are asked for where Google's are not there either, and one account or several, not both."""
    assert load_settings(fcm_account=account()).signing_keys() == []
    with pytest.raises(SettingsError, match="not both"):
        load_settings(fcm_account=account(), fcm_accounts="[]").service_accounts()
    with pytest.raises(SettingsError, match="LOCKSTEP_APNS_KEY_ID"):
        load_settings(fcm_account=account(), apns_team_id="TEAM123456").signing_keys()
