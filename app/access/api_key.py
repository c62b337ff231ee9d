"""API keys of services: `lk_<environment>_<id><secret><checksum>`, told apart from noise without a database.

The id is public and names the key in lists and logs. The checksum lets a client see a typo and a secret scanner see a
leak, both offline; it protects nothing.
"""

import os
import zlib
from collections.abc import Callable
from enum import StrEnum
from hashlib import blake2b
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final

PREFIX: Final = "lk_"
ID_LENGTH: Final = 10
SECRET_LENGTH: Final = 32
CHECKSUM_LENGTH: Final = 6
ENVIRONMENT_LENGTH: Final = 16

_ALPHABET: Final = digits + ascii_uppercase + ascii_lowercase
_ENVIRONMENT_LETTERS: Final = frozenset(ascii_lowercase + digits)


class Scope(StrEnum):
    """What a key allows; `admin` allows everything."""

    EVENTS_WRITE = "events:write"
    ORDERS_READ = "orders:read"
    EVENTS_READ = "events:read"
    DEVICES_WRITE = "devices:write"
    METRICS_READ = "metrics:read"
    ADMIN = "admin"


def make_api_key(environment: str, *, random: Callable[[int], bytes] = os.urandom) -> str:
    """Make a new key.

    Args:
        environment: 1 to 16 lower-case letters and digits, such as `live` or `test`.
        random: Gives so many random bytes.

    Raises:
        ValueError: The environment is something else.
    """
    if not is_environment(environment):
        raise ValueError(f"An environment is 1 to {ENVIRONMENT_LENGTH} lower-case letters and digits.")
    length = ID_LENGTH + SECRET_LENGTH
    body = f"{PREFIX}{environment}_{_in_base_62(int.from_bytes(random(length), 'big'), length)}"
    return body + _checksum(body)


def key_id_of(key: str) -> str | None:
    """Give the public part of a key, or None if this is not a whole key."""
    body, checksum = key[:-CHECKSUM_LENGTH], key[-CHECKSUM_LENGTH:]
    environment, _, tail = body.removeprefix(PREFIX).partition("_")
    if not key.startswith(PREFIX) or not is_environment(environment) or len(tail) != ID_LENGTH + SECRET_LENGTH:
        return None
    if not tail.isascii() or not tail.isalnum() or checksum != _checksum(body):
        return None
    return body[:-SECRET_LENGTH]


def hash_api_key(key: str, secret: bytes) -> bytes:
    """Give what is stored of a key: 32 bytes; without the installation's secret nobody can add a key to the table."""
    return blake2b(key.encode("utf-8", "surrogateescape"), key=secret, digest_size=32, person=b"api-key").digest()


def is_environment(text: str) -> bool:
    """Tell whether a key may carry this as its environment."""
    return 1 <= len(text) <= ENVIRONMENT_LENGTH and _ENVIRONMENT_LETTERS.issuperset(text)


def _checksum(body: str) -> str:
    return _in_base_62(zlib.crc32(body.encode("utf-8", "surrogateescape")), CHECKSUM_LENGTH)


def _in_base_62(number: int, length: int) -> str:
    """Write the last `length` digits of a number."""
    written = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        written.append(_ALPHABET[digit])
    return "".join(reversed(written))
