"""Seals personal values: AES-256-GCM under a data key of the subject, which is wrapped by the installation's key."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from events.errors import SecretKeyError, StoreUnavailableError

NONCE_BYTES = 12
KEY_BYTES = 32
FIRST_KEY = 0
MARK = b"LKT\x01"
PREFIX_BYTES = 8

_cipher = lru_cache(maxsize=8)(AESGCM)
"""The next value is mostly sealed with one of the last keys, and setting up a cipher takes longer than its work."""


def seal(key: bytes, plain: bytes, *, context: bytes, random: Callable[[int], bytes] = os.urandom) -> bytes:
    """Encrypt bytes for one place: nonce, ciphertext and tag in one.

    Args:
        key: 32 bytes.
        plain: What is to be hidden.
        context: What the bytes belong to; opening them under another context fails.
        random: Where the nonce comes from.
    """
    nonce = random(NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, plain, context)


def unseal(key: bytes, sealed: bytes, *, context: bytes) -> bytes:
    """Decrypt what `seal` made.

    Raises:
        SecretKeyError: Another key or context, or bytes that were changed.
    """
    try:
        return _cipher(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except (InvalidTag, ValueError) as error:  # the second for bytes that are too few
        raise SecretKeyError(
            "Sealed bytes could not be opened: they are damaged, or of somebody with another LOCKSTEP_SECRET_KEY."
        ) from error


def prefix_of(key_id: int) -> bytes:
    """Give what begins everything that a key sealed; nothing for the first key."""
    return b"" if key_id == FIRST_KEY else MARK + key_id.to_bytes(PREFIX_BYTES - len(MARK), "big")


@dataclass(repr=False)
class TokenKeys:
    """The keys that push tokens and secrets of webhooks are sealed with at rest: one that seals, and those from before.

    What the first key sealed is as `seal` makes it. Every later key has a number, and what it sealed begins with a mark
    and that number, so that a value says which key opens it. They change while a process runs: a new key opens at once,
    and seals once every process has had the time to learn of it.

    Attributes:
        keys: All that open.
        current: The one that seals.
        looked_at: When they were read last, in the seconds of whoever follows them.
        are_trusted: Tells whether others cannot have gone on to a key that is not among them.
    """

    keys: Mapping[int, bytes]
    current: int = field(default=FIRST_KEY)

    def __post_init__(self) -> None:
        self.looked_at = float("-inf")
        self.are_trusted: Callable[[], bool] = lambda: True

    def take(self, other: "TokenKeys") -> None:
        """Go on with other keys."""
        self.keys, self.current = other.keys, other.current

    def seal(self, plain: bytes, *, context: bytes) -> bytes:
        """Encrypt bytes for one place.

        Raises:
            StoreUnavailableError: The keys were not looked at for too long.
        """
        self._refuse_untrusted()
        return prefix_of(self.current) + seal(self.keys[self.current], plain, context=context)

    def unseal(self, sealed: bytes, *, context: bytes) -> bytes:
        """Decrypt what one of the keys has sealed.

        Raises:
            SecretKeyError: None of them has, or another context, or bytes that were changed.
            StoreUnavailableError: The keys were not looked at for too long.
        """
        self._refuse_untrusted()
        if sealed.startswith(MARK):
            key = self.keys.get(int.from_bytes(sealed[len(MARK) : PREFIX_BYTES], "big"))
            if key is not None:
                try:
                    return unseal(key, sealed[PREFIX_BYTES:], context=context)
                except SecretKeyError:
                    # a nonce of the first key may look like the mark, once in a very long time
                    return self._unseal_first(sealed, context)
        return self._unseal_first(sealed, context)

    def _refuse_untrusted(self) -> None:
        if not self.are_trusted():
            raise StoreUnavailableError(
                "The keys for tokens have not been looked at in Postgres for too long; ask again."
            )

    def _unseal_first(self, sealed: bytes, context: bytes) -> bytes:
        first = self.keys.get(FIRST_KEY)
        if first is None:
            raise SecretKeyError("Sealed bytes could not be opened: the key that sealed them was retired.")
        return unseal(first, sealed, context=context)


@dataclass(frozen=True, repr=False)
class Keyring:
    """The installation's keys, opened: never logged, never stored plain.

    Attributes:
        wrap: Wraps the data keys of subjects.
        hash: Keys every digest, fingerprint and blind index, so that a dump gives no dictionary to guess from.
        tokens: Seal push tokens, and secrets of webhooks, at rest.
        tickets: Signs order tickets.
    """

    wrap: bytes
    hash: bytes
    tokens: TokenKeys
    tickets: bytes

    def wrap_key(self, data_key: bytes, subject_id: str) -> bytes:
        """Wrap a subject's data key for storage."""
        return seal(self.wrap, data_key, context=b"subject-key:" + subject_id.encode())

    def unwrap_key(self, wrapped: bytes, subject_id: str) -> bytes:
        """Open a subject's data key."""
        return unseal(self.wrap, wrapped, context=b"subject-key:" + subject_id.encode())

    def blind(self, app: str, environment: str, token: str) -> bytes:
        """Give the blind index of a push token: equal for equal values, useless without the key."""
        text = f"{app}\n{environment}\n{token}".encode()
        return hashlib.blake2b(text, key=self.hash, digest_size=16, person=b"push-token").digest()

    def seal_token(self, token: str) -> bytes:
        """Seal a push token for storage."""
        return self.tokens.seal(token.encode(), context=b"push-token")

    def open_token(self, sealed: bytes) -> str:
        """Open a stored push token."""
        return self.tokens.unseal(sealed, context=b"push-token").decode()

    def seal_sender_secret(self, secret: str, source: str) -> bytes:
        """Seal the secret that a source signs its events with, for storage."""
        return self.tokens.seal(secret.encode(), context=b"sender-secret:" + source.encode())

    def open_sender_secret(self, sealed: bytes, source: str) -> str:
        """Open the stored secret of a source."""
        return self.tokens.unseal(sealed, context=b"sender-secret:" + source.encode()).decode()

    def seal_webhook_secret(self, secret: str, name: str) -> bytes:
        """Seal the secret that a webhook is signed with, for storage."""
        return self.tokens.seal(secret.encode(), context=b"webhook-secret:" + name.encode())

    def open_webhook_secret(self, sealed: bytes, name: str) -> str:
        """Open the stored secret of a webhook."""
        return self.tokens.unseal(sealed, context=b"webhook-secret:" + name.encode()).decode()
