"""The secret key of the settings, which wraps the installation's keys, and the one before it while it is changed."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from events.errors import SecretKeyError
from events.sealing import KEY_BYTES, seal, unseal

CURRENT: Final = "LOCKSTEP_SECRET_KEY"
PREVIOUS: Final = "LOCKSTEP_SECRET_KEY_PREVIOUS"
_MADE_BY: Final = "Make one with: openssl rand -base64 32"


def read_secret_key(text: str, name: str = CURRENT) -> bytes:
    """Read a secret key of the settings: 32 bytes in base64.

    Args:
        text: As it is set.
        name: Of its setting.

    Raises:
        SecretKeyError: It is something else.
    """
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SecretKeyError(f"{name} is not base64. {_MADE_BY}") from error
    if len(key) != KEY_BYTES:
        raise SecretKeyError(f"{name} has {len(key)} bytes instead of {KEY_BYTES}. {_MADE_BY}")
    return key


@dataclass(frozen=True, repr=False)
class SecretKeys:
    """What wraps and opens the installation's keys: never logged, never stored.

    Attributes:
        current: Wraps, and opens what it has wrapped; 32 bytes.
        previous: Opens what was wrapped before the change; None where nothing is being changed.
    """

    current: bytes
    previous: bytes | None = None

    def wrap(self, key: bytes, name: str) -> bytes:
        """Wrap a key for storage under its name."""
        return seal(self.current, key, context=name.encode())

    def unwrap(self, wrapped: bytes, name: str) -> bytes:
        """Open a stored key.

        Raises:
            SecretKeyError: Neither has wrapped it.
        """
        try:
            return unseal(self.current, wrapped, context=name.encode())
        except SecretKeyError:
            if self.previous is None:
                raise
            return unseal(self.previous, wrapped, context=name.encode())

    def has_wrapped(self, wrapped: bytes, name: str) -> bool:
        """Tell whether the current one has wrapped a key, so that the one before it is not needed for that."""
        try:
            unseal(self.current, wrapped, context=name.encode())
        except SecretKeyError:
            return False
        return True

    def explain(self, closed: int, stored: int) -> SecretKeyError:
        """Say why keys cannot be opened, and what to do.

        Args:
            closed: How many of them cannot.
            stored: How many there are.
        """
        if self.previous is not None:
            cause = f"Neither {CURRENT} nor {PREVIOUS} opens {closed} of the {stored} keys of this database"
            return SecretKeyError(
                f"{cause}. Set them to the key that is to be, and the one before it; see your backup."
            )
        return SecretKeyError(
            f"{CURRENT} does not open {closed} of the {stored} keys of this database. If it was changed elsewhere, "
            f"give this process the new one; if it is the new one, set {PREVIOUS} to the one before it until "
            "`lockstep secret rewrap` is done; after a restore, take the one that belongs to the backup."
        )
