"""What a thief finds who has a dump of the database, and the secret key as well."""

import asyncio
import base64
import json
import re
from collections.abc import Collection, Iterator
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from events.postgres.embedded_binaries import find_installation
from events.sealing import KEY_BYTES, NONCE_BYTES
from tests.conftest import SECRET_KEY

TAG_BYTES: Final = 16
ROUNDS: Final = 3
"""The secret key opens the keyring, that opens the keys of subjects, and those open values."""


async def dumped(dsn: str) -> bytes:
    """Dump a database as pg_dump does, every table as text."""
    process = await asyncio.create_subprocess_exec(
        find_installation() / "bin/pg_dump", "--data-only", f"--dbname={dsn}", stdout=asyncio.subprocess.PIPE
    )
    text, _ = await process.communicate()
    assert process.returncode == 0
    return text


def found_in(dump: bytes, values: Collection[str]) -> set[str]:
    """Give those of the values that stand in a dump, or in what keys that are in it open.

    Args:
        dump: As text; bytes in it are in hex.
        values: Searched for as they are, escaped as JSON, in hex and in base64.
    """
    heap = b"\n".join((dump, *_opened(dump)))
    return {value for value in values if any(form in heap for form in _forms(value))}


def _opened(dump: bytes) -> list[bytes]:
    """Give every value of bytes, and all that any key makes of it: nobody checks what belongs where."""
    stored = {bytes.fromhex(each.decode()) for each in re.findall(rb"\\\\x((?:[0-9a-f]{2})+)", dump)}
    sealed = [each for each in stored if len(each) > NONCE_BYTES + TAG_BYTES]
    keys, plain = {SECRET_KEY}, list[bytes]()
    tried: set[bytes] = set()
    for _ in range(ROUNDS):
        made = [_decrypted(key, each) for key in keys - tried for each in sealed]
        tried |= keys
        plain += made
        keys |= {each for each in made if len(each) == KEY_BYTES}
    return [*stored, *plain]


def _decrypted(key: bytes, sealed: bytes) -> bytes:
    """Decrypt what AES-GCM sealed, without its context."""
    reader = Cipher(AES256(key), CTR(sealed[:NONCE_BYTES] + (2).to_bytes(4, "big"))).decryptor()
    return reader.update(sealed[NONCE_BYTES:-TAG_BYTES]) + reader.finalize()


def _forms(value: str) -> Iterator[bytes]:
    """Give the ways in which a value may be written."""
    plain = value.encode()
    yield plain
    yield json.dumps(value)[1:-1].encode()
    yield plain.hex().encode()
    for place in range(3):
        # what comes before it in the text moves its letters
        whole = base64.b64encode(b"\0" * place + plain).rstrip(b"=")
        yield whole[(0, 2, 3)[place] : len(whole) - 1]
