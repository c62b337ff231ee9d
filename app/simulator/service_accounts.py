"""Give access tokens to service accounts, as Google does.

The rules: an assertion is a JWT signed with RS256 by a key of the account, whose id is its `kid`; `iss` is the
account's address, `aud` the token endpoint, `scope` what is asked for; it lives an hour at most, from `iat` to `exp`,
and the present is in between. An access token lives an hour, and is worth what its account may do.

Source:
    Google, "Using OAuth 2.0 for server to server applications"; Firebase, "Authorize send requests".
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = frozenset(
    {"https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"}
)
ASSERTION_SECONDS = 3600
ACCESS_SECONDS = 3599
# Google allows for clocks that differ, and does not say by how much.
CLOCK_LEEWAY_SECONDS = 60

_UNCHECKED = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False, "verify_iss": False}
_SHORT_LIVED = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp "
    "values in the JWT claim."
)


class ServiceAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the file that Google gives out for a service account, as far as a sender reads it."""

    type: str = "service_account"
    project_id: str
    private_key_id: str
    private_key: str
    client_email: str
    token_uri: str


class Sender(msgspec.Struct, frozen=True):
    """Say which account an access token is of, and whether that may send messages in its project."""

    client_email: str
    project_id: str
    may_send: bool = True


class Granted(msgspec.Struct, frozen=True):
    """Answer an assertion with an access token."""

    access_token: str
    expires_in: int = ACCESS_SECONDS
    token_type: str = "Bearer"  # noqa: S105 - the word of RFC 6750


class Denied(msgspec.Struct, frozen=True):
    """Answer an assertion with why there is no access token."""

    error: str
    error_description: str


class ServiceAccounts:
    """Remember the accounts, and the access tokens that they were given."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[Sender, RSAPublicKey]] = {}
        self._granted: dict[str, tuple[Sender, float]] = {}

    def register(self, account: ServiceAccount, *, may_send: bool = True) -> None:
        """Make an account known by its key."""
        sender = Sender(account.client_email, account.project_id, may_send)
        self._keys[account.private_key_id] = (sender, _rsa(account.private_key).public_key())

    def grant(self, form: Mapping[str, str], *, token_uri: str, now: float) -> Granted | Denied:
        """Answer a request for an access token.

        Args:
            form: the fields of its body.
            token_uri: where it was made.
            now: Unix seconds.
        """
        if form.get("grant_type") != GRANT_TYPE:
            return Denied("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
        if "assertion" not in form:
            return Denied("invalid_request", "Missing required parameter: assertion")
        sender = self._verify(form["assertion"], token_uri, now)
        if isinstance(sender, Denied):
            return sender
        self._granted = {token: each for token, each in self._granted.items() if each[1] > now}
        granted = Granted(f"ya29.c.{secrets.token_urlsafe(96)}")
        self._granted[granted.access_token] = (sender, now + granted.expires_in)
        return granted

    def find(self, access_token: str, *, now: float) -> Sender | None:
        """Give whose access token this is, if it is one and has not run out."""
        sender, runs_out_at = self._granted.get(access_token, (None, 0.0))
        return sender if runs_out_at > now else None

    def revoke(self) -> None:
        """Let every access token be worth nothing from now on, as after a key was deleted; new ones can be had."""
        self._granted.clear()

    def _verify(self, assertion: str, token_uri: str, now: float) -> Sender | Denied:
        try:
            unverified = jwt.decode_complete(assertion, options={"verify_signature": False})
            claims = cast("dict[str, Any]", unverified["payload"])
            known = self._keys.get(str(unverified["header"].get("kid")))
            if known is None:
                return Denied("invalid_grant", "Invalid JWT Signature.")
            sender, public_key = known
            jwt.decode(assertion, public_key, algorithms=["RS256"], options=cast("Any", _UNCHECKED))
        except jwt.PyJWTError:
            return Denied("invalid_grant", "Invalid JWT Signature.")
        if claims.get("iss") != sender.client_email:
            return Denied("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") != token_uri:
            return Denied("invalid_grant", "Invalid JWT: Failed audience check")
        if not _is_short_lived(claims, now):
            return Denied("invalid_grant", _SHORT_LIVED)
        if not SCOPES & set(str(claims.get("scope", "")).split()):
            return Denied("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return sender


def keep_service_account(path: Path, *, project_id: str, token_uri: str) -> ServiceAccount:
    """Give a service account and write its file, for this account of the machine alone; a key that is there stays.

    Args:
        path: the file.
        project_id: of Firebase.
        token_uri: where it gets its access tokens, which may be another address each time.

    Raises:
        ValueError: the file is there, and holds something else.
    """
    try:
        old = msgspec.json.decode(path.read_bytes(), type=ServiceAccount)
        key_id, private_key = old.private_key_id, old.private_key
    except FileNotFoundError:
        key = generate_private_key(public_exponent=65537, key_size=2048)
        private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        key_id = secrets.token_hex(20)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path.name} holds no service account: {error}; remove it") from error
    account = ServiceAccount(
        project_id=project_id,
        private_key_id=key_id,
        private_key=private_key,
        client_email=f"lockstep@{project_id}.iam.gserviceaccount.com",
        token_uri=token_uri,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(account), indent=2))
    new.replace(path)
    return account


def _rsa(pem: str) -> Any:
    return load_pem_private_key(pem.encode(), None)


def _is_short_lived(claims: Mapping[str, Any], now: float) -> bool:
    issued_at, expires_at = claims.get("iat"), claims.get("exp")
    return (
        isinstance(issued_at, int)
        and isinstance(expires_at, int)
        and issued_at - CLOCK_LEEWAY_SECONDS <= now < expires_at + CLOCK_LEEWAY_SECONDS
        and expires_at - issued_at <= ASSERTION_SECONDS
    )
