"""The signing keys as the settings name them: one by three variables, or several as JSON."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from app.apns.request import Environment
from app.apns.served import Served, refuse_two_for_the_same
from app.errors import SettingsError
from projections.pause import ANY_APP, Route

TenCharacters = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{10}$")]
BundleId = Annotated[str, msgspec.Meta(min_length=1, max_length=155, pattern=r"^[A-Za-z0-9.-]+$")]


class SigningKey(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A key of a team, and what it serves.

    Attributes:
        key: The .p8 file's text; or
        key_file: where it is.
        environments: Those that the key is good for.
        apps: Bundle ids; without them, all that no other key names.
    """

    team_id: TenCharacters
    key_id: TenCharacters
    key: str | None = None
    key_file: str | None = None
    environments: Annotated[tuple[Literal["production", "sandbox"], ...], msgspec.Meta(min_length=1)] = (
        "production",
        "sandbox",
    )
    apps: Annotated[tuple[BundleId, ...], msgspec.Meta(min_length=1)] | None = None

    def __repr__(self) -> str:
        return f"SigningKey(team_id={self.team_id!r}, key_id={self.key_id!r})"

    @property
    def served(self) -> Served:
        """Say what the key serves."""
        return Served(self.apps or (ANY_APP,), tuple(Environment(each) for each in self.environments))


def read_signing_keys(text: str) -> list[SigningKey]:
    """Read LOCKSTEP_APNS_CREDENTIALS.

    Raises:
        SettingsError: It is not a list of keys, a key's text is missing, or two keys serve the same.
    """
    try:
        keys = msgspec.json.decode(text, type=list[SigningKey])
    except msgspec.DecodeError as error:
        raise SettingsError(f"LOCKSTEP_APNS_CREDENTIALS cannot be used: {error}") from None
    if not keys:
        raise SettingsError("LOCKSTEP_APNS_CREDENTIALS names no key.")
    for key in keys:
        if (key.key is None) == (key.key_file is None):
            raise SettingsError(f"LOCKSTEP_APNS_CREDENTIALS: key {key.key_id} needs one of key and keyFile.")
    refuse_two_for_the_same(
        "LOCKSTEP_APNS_CREDENTIALS", ((key.key_id, key.served) for key in keys), "Give each its apps, or environments."
    )
    return keys


def routes_of(keys: Iterable[SigningKey]) -> list[Route]:
    """List what keys serve, as `Credentials.routes` does once they are in use."""
    return [
        (app, environment, key.key_id)
        for key in keys
        for app in key.served.apps
        for environment in key.served.environments
    ]


def text_of(key: SigningKey) -> str:
    """Give the .p8 file's text.

    Raises:
        SettingsError: Its file cannot be read.
    """
    if key.key is not None:
        return key.key
    try:
        return Path(key.key_file or "").read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{key.key_file}, the key {key.key_id}, cannot be read: {error.strerror}.") from error
