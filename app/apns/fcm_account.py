"""Google's service accounts as the settings name them: one, or several as JSON with the apps of each."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.apns.request import Environment
from app.apns.served import Served, refuse_two_for_the_same
from app.errors import SettingsError
from projections.pause import ANY_APP, Route

TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Package = Annotated[str, msgspec.Meta(min_length=1, max_length=155, pattern=r"^[A-Za-z0-9._-]+$")]


class ServiceAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What Google's JSON file holds that is of use here.

    Attributes:
        private_key: PEM, of an RSA key.
        token_uri: Who gives access tokens.
        apps: Packages; ANY_APP stands for those that no other account names.
    """

    project_id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9.:-]{1,63}$")]
    private_key_id: _Text
    private_key: _Text
    client_email: _Text
    token_uri: Annotated[str, msgspec.Meta(pattern=r"^https://")] = TOKEN_URI
    apps: tuple[str, ...] = (ANY_APP,)

    def __repr__(self) -> str:
        return f"ServiceAccount(project_id={self.project_id!r}, private_key_id={self.private_key_id!r})"

    @property
    def served(self) -> Served:
        """Say what it serves."""
        return Served(self.apps, (Environment.FCM,))

    def rsa_key(self) -> rsa.RSAPrivateKey:
        """Read the key.

        Raises:
            SettingsError: It is none of RSA.
        """
        key = _rsa_key(self.private_key)
        if key is None:
            raise SettingsError(f"The private_key of the service account of {self.project_id} is no RSA key in PEM.")
        return key


class _Listed(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    account_file: _Text
    apps: Annotated[tuple[_Package, ...], msgspec.Meta(min_length=1)] | None = None


def read_account(text: str, source: str) -> ServiceAccount:
    """Read Google's JSON.

    Args:
        text: The file's content.
        source: Names it in an error.

    Raises:
        SettingsError: It is no service account.
    """
    try:
        account = msgspec.json.decode(text, type=ServiceAccount)
    except msgspec.DecodeError as error:
        raise SettingsError(
            f"{source} is no key of a service account, the JSON file that Google gives under Project settings, "
            f"Service accounts: {error}"
        ) from None
    account.rsa_key()
    return msgspec.structs.replace(account, apps=(ANY_APP,))


def read_accounts(text: str) -> list[ServiceAccount]:
    """Read LOCKSTEP_FCM_ACCOUNTS.

    Raises:
        SettingsError: It is no list of accounts, a file cannot be read, or two serve the same app.
    """
    try:
        listed = msgspec.json.decode(text, type=list[_Listed])
    except msgspec.DecodeError as error:
        raise SettingsError(f"LOCKSTEP_FCM_ACCOUNTS cannot be used: {error}") from None
    accounts = [
        msgspec.structs.replace(read_account(_text_of(each), each.account_file), apps=each.apps or (ANY_APP,))
        for each in listed
    ]
    refuse_two_for_the_same(
        "LOCKSTEP_FCM_ACCOUNTS", ((each.project_id, each.served) for each in accounts), "Give each its apps."
    )
    return accounts


def files_of(text: str) -> list[str]:
    """Name the files of LOCKSTEP_FCM_ACCOUNTS; of what cannot be read, none."""
    try:
        return [each.account_file for each in msgspec.json.decode(text, type=list[_Listed])]
    except msgspec.DecodeError:
        return []


def routes_of_accounts(accounts: Iterable[ServiceAccount]) -> list[Route]:
    """List what accounts serve, as `Credentials.routes` does once they are in use."""
    return [(app, Environment.FCM, each.private_key_id) for each in accounts for app in each.apps]


# whether a key's numbers go together takes a processor tens of milliseconds, and each is read at least twice
@lru_cache(maxsize=16)
def _rsa_key(text: str) -> rsa.RSAPrivateKey | None:
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # the cause may quote the text it could not read, and that text may be the key
        return None
    return key if isinstance(key, rsa.RSAPrivateKey) else None


def _text_of(listed: _Listed) -> str:
    try:
        return Path(listed.account_file).read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"LOCKSTEP_FCM_ACCOUNTS names {listed.account_file}, which cannot be read: {error.strerror}."
        ) from error
