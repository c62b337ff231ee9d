"""Upstreams that sign their events: let in for their own source, for five minutes, and for nothing else."""

import base64
import gzip
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from app.access.api_key import Scope
from app.access.senders import REMEMBERED_SECONDS, Senders
from app.http.routes import ROUTES
from app.token_rotation import TokenRotation
from app.webhooks.signature import TOLERANCE_SECONDS, make_secret, read_secret, signed_headers
from events.keyring import KNOWN_SECONDS
from events.postgres.pool import Pool
from events.sealing import Keyring, prefix_of
from tests.conftest import SECRETS, Clock
from tests.integration.command_line import lockstep
from tests.integration.http_api import CLOUD_EVENT, CLOUD_EVENTS, NOON, Api, Reply, cloud_event, running_api

SECRET: Final = make_secret(lambda length: b"s" * length)
OTHER: Final = make_secret(lambda length: b"o" * length)
SENT: Final = int(NOON.timestamp())
PATH: Final = "/v1/events?source=shop"


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """An edge that takes the signature of `shop`."""
    async with running_api(pool, keyring) as running:
        await running.edge.senders.put("shop", SECRET, overlap_seconds=0)
        yield running


async def post(
    api: Api,
    document: Any,
    *secrets: str,
    path: str = PATH,
    at: int = SENT,
    media_type: str = CLOUD_EVENT,
    headers: dict[str, str] | None = None,
) -> Reply:
    """Post a document, signed."""
    body = msgspec.json.encode(document)
    signed = {**signed_headers("message-1", at, body, secrets or [SECRET]), **(headers or {})}
    return await api.send("POST", path, body=body, media_type=media_type, headers=signed)


async def test_a_signature_posts_without_a_key(api: Api) -> None:
    """One event, a batch, and the same again, which does no harm."""
    assert (await post(api, cloud_event())).json["outcome"] == "appended"
    assert (await post(api, cloud_event())).json["outcome"] == "duplicate"
    batch = [cloud_event(id="2"), cloud_event(id="3", subject="order-2")]
    many = await post(api, batch, media_type=CLOUD_EVENTS)
    assert [each["outcome"] for each in many.json["results"]] == ["appended", "appended"]


async def test_the_signature_is_that_of_the_specification(api: Api) -> None:
    """Made by hand: HMAC-SHA256 of id, time and body; one of several may be good, of whichever version."""
    body = msgspec.json.encode(cloud_event())
    content = b"msg_1." + str(SENT).encode() + b"." + body
    good = "v1," + base64.b64encode(hmac.digest(read_secret(SECRET), content, "sha256")).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(SENT)}
    for signatures in (good, f"v1a,xyz v1,xyz {good}"):
        reply = await api.send(
            "POST", PATH, body=body, media_type=CLOUD_EVENT, headers={**headers, "webhook-signature": signatures}
        )
        assert reply.status == 200


async def test_what_is_signed_is_what_is_sent(api: Api) -> None:
    """A compressed body by its bytes as they come, before anything is unpacked; not by what it unpacks to."""
    plain = msgspec.json.encode(cloud_event())
    packed = gzip.compress(plain)

    async def send(body: bytes, signed: bytes, encoding: str = "gzip") -> Reply:
        headers = {**signed_headers("message-1", SENT, signed, [SECRET]), "Content-Encoding": encoding}
        return await api.send("POST", PATH, body=body, media_type=CLOUD_EVENT, headers=headers)

    good = await send(packed, packed)
    assert (good.status, good.json["outcome"]) == (200, "appended")
    refused = [await send(packed, plain), await send(b"no gzip", plain), await send(packed, b"", "zstd")]
    assert [(each.status, each.problem) for each in refused] == [(401, "unauthenticated")] * 3
    odd = [await send(b"no gzip", b"no gzip"), await send(packed, packed, "zstd")]
    assert [(each.status, each.problem) for each in odd] == [(400, "bad-request"), (415, "media-type")]


async def test_what_is_not_signed_as_it_is_to_be_is_refused(api: Api) -> None:
    """By another secret, of another time, changed since, for a source that is not known, or with nothing: 401."""
    event = cloud_event()
    refused = [
        await post(api, event, OTHER),
        await post(api, event, at=SENT - TOLERANCE_SECONDS - 1),
        await post(api, event, at=SENT + TOLERANCE_SECONDS + 1),
        await post(api, event, path="/v1/events?source=nobody"),
        await post(api, event, path="/v1/events?source="),
        await post(api, event, path="/v1/events"),
        await post(api, event, path=f"/v1/events?source={'x' * 200}"),
        await post(api, event, headers={"webhook-id": "message-2"}),
        await post(api, event, headers={"webhook-timestamp": str(SENT + 1)}),
        await post(api, event, headers={"webhook-timestamp": "now"}),
        await post(api, event, headers={"webhook-timestamp": "1" * 5_000}),
        await post(api, event, headers={"webhook-signature": ""}),
        await post(api, event, headers={"webhook-signature": "v1,"}),
        await post(api, event, headers={"webhook-signature": " ".join(["v1,AAAA"] * 500)}),
        # who shows a key that is none is not saved by a signature
        await post(api, event, headers={"Authorization": "Bearer lk_live_nothing"}),
    ]
    assert [(each.status, each.problem) for each in refused] == [(401, "unauthenticated")] * len(refused)
    assert len({each.json.get("detail") for each in refused[:-1]}) == 1


async def test_it_speaks_for_its_own_source_alone(api: Api) -> None:
    """An event of another source is refused, with every one that is; so is one without."""
    batch = [cloud_event(), cloud_event(id="2", source="till"), cloud_event(id="3", source=None), 7]
    reply = await post(api, batch, media_type=CLOUD_EVENTS)
    assert (reply.status, [each["pointer"] for each in reply.json["errors"]]) == (
        422,
        ["/1/source", "/2/source", "/3/source"],
    )


async def test_attributes_that_no_signature_reaches_are_not_taken(api: Api) -> None:
    """In binary mode they stand in headers, which anybody on the way could change: 400, although the body is signed."""
    attributes = {
        "ce-specversion": "1.0", "ce-id": "1", "ce-type": "order.ready", "ce-subject": "order-1", "ce-source": "shop",
    }  # fmt: skip
    sent = await post(api, {}, media_type="application/json", headers=attributes)
    assert (sent.status, sent.problem) == (400, "bad-request")


async def test_a_signature_opens_no_other_route(api: Api) -> None:
    """Generated from the route table: 401 wherever a key is asked for, and nothing is read."""
    assert [(each.method, each.path) for each in ROUTES if each.rule.signed] == [("POST", "/v1/events")]
    reply = await post(api, [], path="/v1/orders/order-1/events?source=shop", media_type="application/json")
    assert (reply.status, reply.problem) == (401, "unauthenticated")


async def test_two_secrets_are_taken_while_one_takes_the_others_place(
    pool: Pool, keyring: Keyring, api: Api, clock: Clock
) -> None:
    """For as long as it was said; a source that is deleted is refused."""
    senders = api.edge.senders
    await senders.put("shop", OTHER, overlap_seconds=3_600)
    assert [(await post(api, cloud_event(), secret)).status for secret in (SECRET, OTHER)] == [200, 200]
    await clock.advance(seconds=3_601)
    later = Senders(pool, keyring)
    body = msgspec.json.encode(cloud_event())
    found = [
        await later.identify("shop", signed_headers("m", SENT, body, [secret]), body, now=NOON)
        for secret in (SECRET, OTHER)
    ]
    assert [each is not None for each in found] == [False, True]
    assert found[1] is not None
    assert found[1].scopes == {Scope.EVENTS_WRITE}
    assert await senders.delete("shop")
    assert (await post(api, cloud_event(), OTHER)).status == 401
    assert not await senders.delete("shop")


async def test_a_deletion_holds_elsewhere_within_ten_seconds(pool: Pool, keyring: Keyring) -> None:
    """Another process remembers a secret for so long, and no longer."""
    seconds = [0.0]
    here, elsewhere = Senders(pool, keyring), Senders(pool, keyring, monotonic=lambda: seconds[0])
    await here.put("shop", SECRET, overlap_seconds=0)
    headers = signed_headers("m", SENT, b"", [SECRET])
    assert await elsewhere.identify("shop", headers, b"", now=NOON)
    await here.delete("shop")
    seconds[0] = REMEMBERED_SECONDS - 0.1
    assert await elsewhere.identify("shop", headers, b"", now=NOON)
    seconds[0] = REMEMBERED_SECONDS
    assert await elsewhere.identify("shop", headers, b"", now=NOON) is None


async def test_the_secret_is_sealed_and_sealed_anew(pool: Pool, keyring: Keyring, clock: Clock) -> None:
    """A dump does not hold it, and a new key takes it over."""
    senders = Senders(pool, keyring)
    await senders.put("shop", SECRET, overlap_seconds=0)
    rotation = TokenRotation(pool, SECRETS, keyring)
    await rotation.add()
    await clock.advance(seconds=KNOWN_SECONDS)
    await rotation.look()
    assert (await rotation.reseal()).secrets == 1
    sealed = await pool.fetchval("SELECT secret_sealed FROM senders")
    assert sealed.startswith(prefix_of(1))
    assert read_secret(SECRET) not in sealed
    headers = signed_headers("m", SENT, b"", [SECRET])
    assert await Senders(pool, keyring).identify("shop", headers, b"", now=NOON)


async def test_the_command_line_sets_senders_up(dsn: str, pool: Pool, keyring: Keyring, tmp_path: Path) -> None:
    """A secret is made and shown once, or read from a file; lists never show it."""
    made = (await lockstep("senders", "put", "pos", "--json", dsn=dsn)).json["secret"]
    headers = signed_headers("m", SENT, b"", [made])
    assert await Senders(pool, keyring).identify("pos", headers, b"", now=NOON)
    file = tmp_path / "secret"
    file.write_text(OTHER + "\n")
    given = await lockstep("senders", "put", "till", "--secret-file", str(file), dsn=dsn)
    listed = await lockstep("senders", "list", "--json", dsn=dsn)
    assert (given.code, OTHER in given.out + given.err) == (0, False)
    assert [each["source"] for each in listed.json["senders"]] == ["pos", "till"]
    assert "whsec" not in listed.out
    file.write_text("whsec_no")
    for wrong in (("put", "pos", "--secret-file", str(file)), ("put", "lockstep"), ("put", "two words")):
        assert (await lockstep("senders", *wrong, dsn=dsn)).code == 2
    assert (await lockstep("senders", "delete", "pos", dsn=dsn)).code == 0
    assert (await lockstep("senders", "delete", "pos", dsn=dsn)).code == 1
