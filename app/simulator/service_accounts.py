"""Give access tokens to service accounts, as Google does.

The rules: an assertion is a JWT signed with RS256 by a key of the account, whose id is its `kid`; `iss` is the
account's address, `aud` the token endpoint, `scope` what is asked for; it lives an hour at most, from `iat` to `exp`,
and the present is in between. An access token lives an hour, and is worth what its account may do.

Source:
    Google, "Using OAuth 2.0 for server to server applications"; Firebase, "Authorize send requests".
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from app.simulator.errors import SimulatorError

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = frozenset(
    {"https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"}
)
ASSERTION_SECONDS = 3600
ACCESS_SECONDS = 3599
# Google allows for clocks that differ, and does not say by how much.
CLOCK_LEEWAY_SECONDS = 60

_PREFIX = "ya29.c."
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


class _Known(msgspec.Struct, frozen=True):
    sender: Sender
    public_key: RSAPublicKey
    secret: bytes


class ServiceAccounts:
    """Remember the accounts.

    What an access token is worth can be read from it, so that those of a simulator before this one serve on.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._generation = 0

    def register(self, account: ServiceAccount, *, may_send: bool = True) -> None:
        """Make an account known by its key."""
        # only its public half is used: that its numbers go together is for the sender to find out, and takes long
        key = load_pem_private_key(account.private_key.encode(), None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, RSAPrivateKey):
            raise SimulatorError("Google verifies RS256: the key of a service account is one of RSA")
        sender = Sender(account.client_email, account.project_id, may_send)
        secret = hashlib.sha256(account.private_key.encode()).digest()
        self._known[account.private_key_id] = _Known(sender, key.public_key(), secret)

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
        known = self._verify(form["assertion"], token_uri, now)
        if isinstance(known, Denied):
            return known
        key_id = str(jwt.get_unverified_header(form["assertion"])["kid"])
        said = f"{key_id}.{int(now) + ACCESS_SECONDS}.{self._generation}.{secrets.token_urlsafe(48)}"
        return Granted(f"{_PREFIX}{said}.{_sign(known.secret, said)}")

    def find(self, access_token: str, *, now: float) -> Sender | None:
        """Give whose access token this is, if it is one and has not run out."""
        said, _, signature = access_token.removeprefix(_PREFIX).rpartition(".")
        key_id, runs_out_at, generation, *_ = (*said.split("."), "", "", "")
        known = self._known.get(key_id)
        if known is None or not hmac.compare_digest(_sign(known.secret, said).encode(), signature.encode()):
            return None
        return known.sender if now < int(runs_out_at) and int(generation) == self._generation else None

    def revoke(self) -> None:
        """Let every access token be worth nothing from now on, as after a key was deleted; new ones can be had."""
        self._generation += 1

    def _verify(self, assertion: str, token_uri: str, now: float) -> _Known | Denied:
        try:
            unverified = jwt.decode_complete(assertion, options={"verify_signature": False})
            claims = cast("dict[str, Any]", unverified["payload"])
            known = self._known.get(str(unverified["header"].get("kid")))
            if known is None:
                return Denied("invalid_grant", "Invalid JWT Signature.")
            jwt.decode(assertion, known.public_key, algorithms=["RS256"], options=cast("Any", _UNCHECKED))
        except jwt.PyJWTError:
            return Denied("invalid_grant", "Invalid JWT Signature.")
        if claims.get("iss") != known.sender.client_email:
            return Denied("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") != token_uri:
            return Denied("invalid_grant", "Invalid JWT: Failed audience check")
        if not _is_short_lived(claims, now):
            return Denied("invalid_grant", _SHORT_LIVED)
        if not SCOPES & set(str(claims.get("scope", "")).split()):
            return Denied("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return known


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


def _sign(secret: bytes, said: str) -> str:
    return hmac.new(secret, said.encode(), hashlib.sha256).hexdigest()


def _is_short_lived(claims: Mapping[str, Any], now: float) -> bool:
    issued_at, expires_at = claims.get("iat"), claims.get("exp")
    return (
        isinstance(issued_at, int)
        and isinstance(expires_at, int)
        and issued_at - CLOCK_LEEWAY_SECONDS <= now < expires_at + CLOCK_LEEWAY_SECONDS
        and expires_at - issued_at <= ASSERTION_SECONDS
    )
