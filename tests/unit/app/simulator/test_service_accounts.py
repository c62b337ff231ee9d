"""Give access tokens to service accounts."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.simulator.service_accounts import Denied, Granted, ServiceAccount, ServiceAccounts, keep_service_account
from tests.unit.app.simulator.examples import NOW
from tests.unit.app.simulator.fcm_examples import PROJECT, TOKEN_URI, account, form


@pytest.fixture
def accounts() -> ServiceAccounts:
    """Know one account."""
    known = ServiceAccounts()
    known.register(account())
    return known


def test_a_good_assertion_is_answered_with_an_access_token(accounts: ServiceAccounts) -> None:
    """It is the account's for 3,599 seconds, or until it is revoked, also for a simulator that did not give it."""
    granted = accounts.grant(form(account()), token_uri=TOKEN_URI, now=NOW)

    assert isinstance(granted, Granted)
    assert (granted.expires_in, granted.token_type) == (3599, "Bearer")
    sender = accounts.find(granted.access_token, now=NOW + 3598)
    assert sender is not None
    assert (sender.client_email, sender.project_id) == (account().client_email, PROJECT)
    assert accounts.find(granted.access_token, now=NOW + 3599) is None
    another = ServiceAccounts()
    another.register(account())
    assert another.find(granted.access_token, now=NOW) == sender
    accounts.revoke()
    assert accounts.find(granted.access_token, now=NOW) is None


@pytest.mark.parametrize("bad", ["", "ya29.c.", "ya29.c.a.b.c.d.e", "changed"])
def test_what_is_no_access_token_of_ours_is_worth_nothing(accounts: ServiceAccounts, bad: str) -> None:
    """Cut, made up, or with another time to live."""
    granted = accounts.grant(form(account()), token_uri=TOKEN_URI, now=NOW)
    assert isinstance(granted, Granted)
    forged = granted.access_token.replace(str(NOW + 3599), str(NOW + 9999))

    assert accounts.find(forged if bad == "changed" else bad, now=NOW) is None


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "someone@else"}, "invalid_grant"),
        ({"aud": "https://oauth2.googleapis.com/token"}, "invalid_grant"),
        ({"exp": NOW + 3601}, "invalid_grant"),
        ({"iat": NOW - 7200, "exp": NOW - 3600}, "invalid_grant"),
        ({"iat": NOW + 600, "exp": NOW + 1200}, "invalid_grant"),
        ({"iat": None}, "invalid_grant"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
    ],
)
def test_a_bad_assertion_is_denied(accounts: ServiceAccounts, claims: dict[str, Any], error: str) -> None:
    """What it claims is wrong."""
    denied = accounts.grant(form(account(), **claims), token_uri=TOKEN_URI, now=NOW)

    assert isinstance(denied, Denied)
    assert denied.error == error
    assert denied.error_description


def test_what_is_no_assertion_of_a_known_key_is_denied(accounts: ServiceAccounts) -> None:
    """No grant type, no assertion, no JWT, a key that nobody knows."""
    good = form(account())
    stranger = msgspec.structs.replace(account(), private_key_id="another")
    denied = [
        accounts.grant(fields, token_uri=TOKEN_URI, now=NOW)
        for fields in ({}, {"grant_type": good["grant_type"]}, good | {"assertion": "a.b.c"}, form(stranger))
    ]

    errors = [each.error for each in denied if isinstance(each, Denied)]
    assert errors == ["unsupported_grant_type", "invalid_request", "invalid_grant", "invalid_grant"]


def test_an_account_keeps_its_key(tmp_path: Path) -> None:
    """Its file, for this user alone, says each time where access tokens are given now; a damaged one is refused."""
    path = tmp_path / "folder" / "account.json"
    first = keep_service_account(path, project_id=PROJECT, token_uri="https://localhost:1/token")
    second = keep_service_account(path, project_id=PROJECT, token_uri="https://localhost:2/token")

    assert second == msgspec.structs.replace(first, token_uri="https://localhost:2/token")
    assert msgspec.json.decode(path.read_bytes(), type=ServiceAccount) == second
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"account\.json holds no service account"):
        keep_service_account(path, project_id=PROJECT, token_uri=TOKEN_URI)
