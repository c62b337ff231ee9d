"""The secret key and the one before it, as they are set; an embedded database keeps one of its own beside its data."""

import base64
import os
from pathlib import Path

from pydantic import SecretStr

from app.errors import SettingsError
from events.errors import SecretKeyError
from events.sealing import KEY_BYTES
from events.secret_keys import CURRENT, PREVIOUS, SecretKeys, read_secret_key


def secret_keys(current: SecretStr | None, previous: SecretStr | None, *, beside: Path | None) -> SecretKeys:
    """Read what is set.

    Args:
        current: The secret key.
        previous: The one before it.
        beside: The folder of an embedded database, which has a key of its own where none is set; None for another one.

    Raises:
        SettingsError: There is a database of one's own, and no secret key; or both are the same.
        SecretKeyError: One is malformed.
    """
    if current is not None:
        key = read_secret_key(current.get_secret_value())
    elif beside is not None:
        key = _own_secret(beside / "secret.key")
    else:
        raise SettingsError(f"{CURRENT} is not set. Make one with: openssl rand -base64 32")
    if previous is None:
        return SecretKeys(key)
    before = read_secret_key(previous.get_secret_value(), PREVIOUS)
    if before == key:
        raise SettingsError(
            f"{PREVIOUS} is the same as {CURRENT}: put the new key into {CURRENT}, or take {PREVIOUS} out."
        )
    return SecretKeys(key, before)


def _own_secret(path: Path) -> bytes:
    """Read the key beside the embedded database, or make it: for this account alone, and never over another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(base64.b64encode(os.urandom(KEY_BYTES)).decode() + "\n")
    except FileExistsError:
        pass
    text = path.read_text(encoding="utf-8").strip()
    try:
        return read_secret_key(text)
    except SecretKeyError as error:
        raise SecretKeyError(f"{path}: {error}") from error
