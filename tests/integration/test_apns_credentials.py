"""A connection belongs to the team and key of its first push, and knows the apps that the team had by then."""

import asyncio
from pathlib import Path

import pytest

from app.apns.request import Environment
from tests.integration.engines import CREDENTIAL, Make, against, all_well, send, sending_to
from tests.integration.scripted_apns import Action, Reply, Seen, scripted_apns

OTHER = "TEAM654321/KEY7654321"


async def test_two_credentials_do_not_share_a_connection(make: Make, tmp_path: Path) -> None:
    """Each has one of its own, and keeps it."""
    async with against(make, tmp_path, all_well) as (peer, transport):
        for number, credential in enumerate((CREDENTIAL, OTHER, CREDENTIAL, OTHER)):
            await send(transport, number, credential=credential)
    assert [seen.connection for seen in peer.seen] == [1, 2, 1, 2]


async def test_renewing_one_credential_leaves_the_other_alone(make: Make, tmp_path: Path) -> None:
    """A key that is refused does not cost the other team its connection."""
    async with against(make, tmp_path, all_well) as (peer, transport):
        await send(transport, 1)
        await send(transport, 2, credential=OTHER)
        transport.renew(Environment.SANDBOX, CREDENTIAL)
        await send(transport, 3)
        await send(transport, 4, credential=OTHER)
    assert [seen.connection for seen in peer.seen] == [1, 2, 3, 2]


async def test_a_first_push_that_waits_holds_its_own_credential_alone(make: Make, tmp_path: Path) -> None:
    """The other team's connection is answered meanwhile."""
    held = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Reply(after=held),) if seen.number == 1 else (Reply(),)

    async with against(make, tmp_path, script) as (peer, transport):
        first = asyncio.create_task(send(transport, 1))
        await peer.wait_for(1)
        assert (await send(transport, 2, credential=OTHER)).status == 200
        held.set()
        assert (await first).status == 200


@pytest.mark.parametrize(("old", "connections"), [(0.0, [1, 2, 2, 2]), (300.0, [1, 1, 1, 1])])
async def test_an_app_that_comes_up_later_gets_a_connection_that_knows_it(
    make: Make, tmp_path: Path, old: float, connections: list[int]
) -> None:
    """One that was opened before may not; a young one is taken to."""
    async with scripted_apns(tmp_path) as peer, sending_to(make, peer, topic=old) as transport:
        for number, app in enumerate(("shop", "rides", "shop", "rides")):
            await send(transport, number, app=f"com.example.{app}")
    assert [seen.connection for seen in peer.seen] == connections
