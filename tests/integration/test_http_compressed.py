"""Bodies that come in compressed: unpacked within the limit of all bodies, or refused by what is wrong with them."""

import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec
import pytest

from events.document import LIMIT_BYTES
from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.http_api import CLOUD_EVENT, Api, Reply, cloud_event, running_api

EVENT: Final = msgspec.json.encode(cloud_event())
PACKED: Final = gzip.compress(EVENT)


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


async def post(api: Api, encoding: str, body: bytes) -> Reply:
    """Post a body as it is."""
    headers = {"Content-Encoding": encoding}
    return await api.send(
        "POST", "/v1/events", body=body, token="events:write", headers=headers, media_type=CLOUD_EVENT
    )


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", PACKED),
        ("GZip", PACKED),
        ("x-gzip", PACKED),
        ("gzip", gzip.compress(EVENT[:50]) + gzip.compress(EVENT[50:])),
        ("gzip", gzip.compress(EVENT + b" " * (LIMIT_BYTES - len(EVENT)))),
        ("deflate", zlib.compress(EVENT)),
        ("identity", EVENT),
        ("", EVENT),
    ],
)
async def test_a_compressed_event_is_stored(api: Api, encoding: str, body: bytes) -> None:
    """By gzip, in one member or several, by deflate, or not at all; up to the limit once it is unpacked."""
    reply = await post(api, encoding, body)
    assert (reply.status, reply.json["outcome"]) == (200, "appended")


@pytest.mark.parametrize(
    ("encoding", "body", "status", "problem"),
    [
        ("gzip", gzip.compress(EVENT + b" " * LIMIT_BYTES), 413, "too-large"),
        ("gzip", lambda: gzip.compress(b" " * 100_000_000), 413, "too-large"),
        ("gzip", gzip.compress(b" " * LIMIT_BYTES) * 2, 413, "too-large"),
        ("deflate", lambda: zlib.compress(b" " * 100_000_000), 413, "too-large"),
        ("gzip", gzip.compress(b"") * 5_000, 400, "bad-request"),
        ("gzip", PACKED[:-4], 400, "bad-request"),
        ("gzip", PACKED[:-30], 400, "bad-request"),
        ("gzip", PACKED[:-8] + bytes(8), 400, "bad-request"),
        ("gzip", PACKED + b"more", 400, "bad-request"),
        ("gzip", b"", 400, "bad-request"),
        ("gzip", EVENT, 400, "bad-request"),
        ("deflate", PACKED, 400, "bad-request"),
        ("br", EVENT, 415, "media-type"),
        ("gzip, gzip", gzip.compress(PACKED), 415, "media-type"),
        ("gzip", gzip.compress(PACKED), 422, "invalid-document"),
    ],
    ids=range(15),
)
async def test_what_cannot_be_unpacked_is_refused(
    api: Api, encoding: str, body: bytes | Callable[[], bytes], status: int, problem: str
) -> None:
    """A bomb, what is cut, damaged, or something else than it says: each is a problem, and nothing is stored."""
    reply = await post(api, encoding, body() if callable(body) else body)
    assert (reply.status, reply.problem) == (status, problem)
    assert status != 415 or reply.headers["Accept-Encoding"] == "gzip, deflate"
    assert (await post(api, "gzip", PACKED)).json["version"] == 1
