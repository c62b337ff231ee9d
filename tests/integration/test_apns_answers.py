"""What goes out and what comes back when nothing breaks, and a soak in which everything does."""

import asyncio
import gc
import json
import logging
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import h2.errors
import pytest
from msgspec.structs import replace

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent
from app.apns.request import PushType
from tests.integration.engines import (
    CREDENTIAL,
    PATIENT,
    Make,
    a_push,
    against,
    all_well,
    outcomes,
    send,
    sending_to,
)
from tests.integration.scripted_apns import (
    OK,
    Action,
    Cut,
    GoAway,
    Hang,
    HeadersThenCut,
    Leave,
    Limit,
    Reply,
    Reset,
    Seen,
    scripted_apns,
)


@pytest.mark.parametrize("warm", [False, True])
async def test_a_push_arrives_as_apple_documents_it(make: Make, tmp_path: Path, warm: bool) -> None:  # noqa: FBT001
    """Method, path of 160 digits, topic, type, priority, expiration, id, token and body are those of the request."""
    async with against(make, tmp_path, all_well) as (peer, transport):
        if warm:
            await send(transport, 1)
        answer = await send(transport, 7)
    push = a_push(7)
    assert answer == Answer(200, apns_id=str(UUID(int=7)))
    assert peer.seen[-1].body == push.payload
    assert peer.seen[-1].headers == {
        ":method": "POST",
        ":scheme": "https",
        ":authority": f"localhost:{peer.port}",
        ":path": f"/3/device/{push.token}",
        "authorization": "bearer a.provider.token",
        "apns-push-type": "liveactivity",
        "apns-topic": "com.example.shop.push-type.liveactivity",
        "apns-priority": "5",
        "apns-expiration": "1800000600",
        "apns-id": str(UUID(int=7)),
        "content-length": str(len(push.payload)),
        **make.adds,
    }


async def test_a_collapse_id_arrives_where_there_is_one(make: Make, tmp_path: Path) -> None:
    """An ordinary notification has one, a card's push none."""
    push = replace(a_push(7), push_type=PushType.ALERT, topic="com.example.shop", collapse_id="order-1")
    async with against(make, tmp_path, all_well) as (peer, transport):
        await transport.send(push, credential=CREDENTIAL, bearer="a.provider.token", deadline_seconds=PATIENT)
        await send(transport, 8)
    [told, moved] = [seen.headers for seen in peer.seen]

    assert (told["apns-push-type"], told["apns-topic"]) == ("alert", "com.example.shop")
    assert told["apns-collapse-id"] == "order-1"
    assert "apns-collapse-id" not in moved


async def test_a_full_payload_of_any_script_arrives_whole(make: Make, tmp_path: Path) -> None:
    """4,096 bytes with letters beyond the first plane are not changed on the way, cold or warm."""
    body = json.dumps({"aps": {"content-state": {"note": "𝄞🚲"}}}, ensure_ascii=False).encode()
    body = body[:-4] + b"x" * (4_096 - len(body)) + body[-4:]
    async with against(make, tmp_path, all_well) as (peer, transport):
        for number in range(2):
            await send(transport, number, body=body)
    assert [len(seen.body) for seen in peer.seen] == [4_096, 4_096]
    assert {seen.body for seen in peer.seen} == {body}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", None),
        (b"<html>no</html>", None),
        (b"x" * 1_000_000, None),
        (b'{"reason":"Novel"}', "Novel"),
        (b"\xff\xfe", None),
    ],
)
async def test_any_body_is_an_answer(make: Make, tmp_path: Path, body: bytes, reason: str | None) -> None:
    """Empty, HTML, a megabyte or an unknown reason: the status is told, and the connection goes on."""
    async with against(make, tmp_path, lambda _seen: (Reply(503, body),)) as (peer, transport):
        for number in range(3):
            answer = await send(transport, number)
            assert (answer.status, answer.reason) == (503, reason)
    assert peer.connections == 1


async def test_an_answer_is_read_in_full(make: Make, tmp_path: Path) -> None:
    """Reason, time of death, `Retry-After` and both ids come through."""
    reply = Reply(
        410,
        b'{"reason":"Unregistered","timestamp":1700000000123}',
        (("retry-after", "30"), ("apns-unique-id", "u-1")),
    )
    async with against(make, tmp_path, lambda _seen: (reply,)) as (_peer, transport):
        answer = await send(transport, 7)
    assert answer == Answer(410, "Unregistered", str(UUID(int=7)), 1_700_000_000_123, 30.0, "u-1")


async def test_an_answer_without_an_id_is_an_answer(make: Make, tmp_path: Path) -> None:
    """A server that does not echo the id has accepted all the same."""
    async with against(make, tmp_path, lambda _seen: (Reply(echo=False),)) as (_peer, transport):
        assert await send(transport, 7) == Answer(200)


async def test_an_accepted_push_is_not_reset(make: Make, tmp_path: Path) -> None:
    """Leaving a 200 unread costs the server no RST_STREAM."""
    async with against(make, tmp_path, all_well) as (peer, transport):
        await outcomes(transport, range(50))
        await send(transport, 99)
    assert peer.resets == 0


async def test_nothing_is_logged_about_a_push(make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the device token nor the provider token reaches a log, at any level, well or not."""
    caplog.set_level(logging.DEBUG)
    if make.name != "httpx":
        caplog.set_level(logging.WARNING, "hpack")  # it is the peer's alone then

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Cut(),) if seen.number == 2 else (OK,)

    async with against(make, tmp_path, script) as (_peer, transport):
        for _ in range(3):
            await outcomes(transport, range(1, 2))
    assert a_push().token not in caplog.text
    assert "a.provider.token" not in caplog.text


async def test_a_soak_leaks_nothing(make: Make, tmp_path: Path) -> None:
    """Two thousand pushes, one in eight of which meets a fault or is given up, leave no permit, socket or task."""
    dice = random.Random(17)
    faults: list[tuple[Action, ...]] = [
        (Reset(h2.errors.ErrorCodes.REFUSED_STREAM),),
        (Reset(h2.errors.ErrorCodes.INTERNAL_ERROR),),
        (GoAway(0, b'{"reason":"Shutdown"}'),),
        (GoAway(),),
        (OK, Leave()),
        (Cut(),),
        (HeadersThenCut(500),),
        (Hang(),),
        (OK, Limit(1)),
        (OK, Limit(100)),
        (Reply(400, b'{"reason":"BadDeviceToken"}'),),
    ]

    def script(_seen: Seen) -> tuple[Action, ...]:
        return dice.choice(faults) if dice.random() < 0.1 else (OK,)

    tasks_before, sockets_before = asyncio.all_tasks(), _sockets()
    counts: Counter[str] = Counter()
    async with scripted_apns(tmp_path, script) as peer:
        async with sending_to(make, peer, max_in_flight=50) as transport:
            for first in range(0, 2_000, 100):
                sends = [
                    asyncio.create_task(send(transport, number, within=0.3)) for number in range(first, first + 100)
                ]
                await asyncio.sleep(0)
                for task in dice.sample(sends, 3):
                    task.cancel()
                results = await asyncio.gather(*sends, return_exceptions=True)
                counts.update(type(one).__name__ for one in results)
                assert all(isinstance(one, Answer | NotSent | Ambiguous | asyncio.CancelledError) for one in results)
                assert transport.free_permits == 50
        await peer.wait_until_left()
    await asyncio.gather(*peer.tasks, return_exceptions=True)
    # what has connected and gone at once may still be in its handshake; what leaked never ends
    async with asyncio.timeout(20):
        await asyncio.gather(*asyncio.all_tasks() - tasks_before, return_exceptions=True)
    gc.collect()
    assert counts["Answer"] > 200
    assert asyncio.all_tasks() <= tasks_before
    assert _sockets() <= sockets_before


def _sockets() -> int:
    count = 0
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            count += str(path.readlink()).startswith("socket:")
    return count
