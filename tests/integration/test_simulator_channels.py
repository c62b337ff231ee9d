"""Manage channels and publish on them as a sender would, and see what phones make of it."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.simulator.agent import PhoneAgent
from app.simulator.behaviour import Behaviour
from app.simulator.chance import CALM
from app.simulator.simulator import Options, Simulator
from tests.integration.simulated import PROVIDER, connect
from tests.unit.app.simulator.examples import BUNDLE_ID, NOW, content, encoded, end, headers, start, update

CHANNELS = f"/1/apps/{BUNDLE_ID}/channels"
NEW = {"message-storage-policy": 1, "push-type": "LiveActivity"}


@pytest.fixture
async def manager(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """Connect to where channels are managed."""
    async with connect(simulator, simulator.channels_url) as connected:
        yield connected


@pytest.fixture
async def sender(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """Connect to where pushes are taken."""
    async with connect(simulator) as connected:
        yield connected


def signed(**more: str) -> dict[str, str]:
    """Give the headers of a management request."""
    return {
        "authorization": f"bearer {PROVIDER.token()}",
        **{key.replace("_", "-"): each for key, each in more.items()},
    }


async def made(manager: httpx.AsyncClient, policy: int = 1) -> str:
    """Make a channel and give its id."""
    answer = await manager.post(CHANNELS, json=NEW | {"message-storage-policy": policy}, headers=signed())
    assert (answer.status_code, answer.content) == (201, b"")
    return answer.headers["apns-channel-id"]


async def publish(
    sender: httpx.AsyncClient, channel_id: str, payload: dict[str, Any] | None = None, **changes: str | None
) -> httpx.Response:
    """Publish on a channel, as one should unless told otherwise."""
    usual: dict[str, str | None] = {"apns_topic": None, "apns_channel_id": channel_id}
    return await sender.post(
        f"/4/broadcasts/apps/{BUNDLE_ID}",
        content=encoded(update() if payload is None else payload),
        headers=headers(PROVIDER.token(), **(usual | changes)),
    )


async def join(sender: httpx.AsyncClient, phone: PhoneAgent, channel_id: str, **changes: Any) -> None:
    """Start a card that follows the channel."""
    token = phone.phone.start_tokens["OrderAttributes"]
    body = encoded(start(**({"input-push-channel": channel_id} | changes)))
    assert (await sender.post(f"/3/device/{token}", content=body, headers=headers(PROVIDER.token()))).status_code == 200


def shown(phone: PhoneAgent) -> list[str]:
    """Give the statuses that the phone's cards show."""
    return [card.content["status"] for card in phone.phone.cards.values()]


async def test_channels_are_made_read_listed_and_deleted(manager: httpx.AsyncClient) -> None:
    """Each answer is Apple's, and a deleted channel does not come back."""
    request_id = str(uuid.uuid4())
    first, second = await made(manager, 0), await made(manager, 1)

    read = await manager.get(CHANNELS, headers=signed(apns_channel_id=first, apns_request_id=request_id))
    listed = await manager.get(f"/1/apps/{BUNDLE_ID}/all-channels", headers=signed())
    deleted = await manager.delete(CHANNELS, headers=signed(apns_channel_id=first))
    again = await manager.delete(CHANNELS, headers=signed(apns_channel_id=first))

    assert (read.status_code, read.json()) == (200, {"message-storage-policy": 0, "push-type": "LiveActivity"})
    assert read.headers["apns-request-id"] == request_id
    assert (listed.status_code, listed.json()) == (200, {"channels": [first, second]})
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (again.status_code, again.json()) == (400, {"reason": "ChannelNotRegistered"})


@pytest.mark.parametrize(
    ("method", "path", "body", "more", "refused"),
    [
        ("POST", CHANNELS, NEW | {"message-storage-policy": 2}, {}, (400, "BadRequestParams")),
        ("POST", CHANNELS, NEW | {"push-type": "Alert"}, {}, (400, "InvalidPushType")),
        ("POST", CHANNELS, None, {}, (400, "PayloadEmpty")),
        (
            "POST",
            f"{CHANNELS.replace(BUNDLE_ID, BUNDLE_ID + '.push-type.liveactivity')}",
            NEW,
            {},
            (400, "TopicDisallowed"),
        ),
        ("POST", CHANNELS, NEW, {"apns_request_id": "x"}, (400, "BadMessageId")),
        ("POST", CHANNELS, NEW, {"authorization": ""}, (403, "MissingProviderToken")),
        ("PUT", CHANNELS, NEW, {}, (405, "MethodNotAllowed")),
        ("GET", CHANNELS, None, {}, (400, "MissingChannelId")),
        ("GET", CHANNELS, None, {"apns_channel_id": "?"}, (400, "BadChannelId")),
        ("GET", "/3/device/ab", None, {}, (404, "BadPath")),
    ],
)
async def test_a_bad_management_request_is_refused_with_apples_reason(
    manager: httpx.AsyncClient, method: str, path: str, body: Any, more: dict[str, str], refused: tuple[int, str]
) -> None:
    """What a channel cannot be made, or found, from."""
    answer = await manager.request(
        method, path, json=body, headers=signed() | signed(**more) if body else signed(**more)
    )

    assert (answer.status_code, answer.json()["reason"]) == refused


async def test_an_app_may_have_so_many_channels_in_each_environment(tmp_path: Path) -> None:
    """One more is refused in that environment alone, until one is deleted; and so is all, where it is switched off."""
    simulator = await Simulator.start(tmp_path, options=Options(profile=CALM, most_channels=1), now=lambda: float(NOW))
    simulator.register_key(PROVIDER.team_id, PROVIDER.key_id, PROVIDER.public_pem)
    urls = (simulator.sandbox_channels_url, simulator.production_channels_url)
    async with connect(simulator, urls[0]) as sandbox, connect(simulator, urls[1]) as production:
        channel_id = await made(sandbox)
        refused = await sandbox.post(CHANNELS, json=NEW, headers=signed())
        await made(production)
        unknown = await production.get(CHANNELS, headers=signed(apns_channel_id=channel_id))
        await sandbox.delete(CHANNELS, headers=signed(apns_channel_id=channel_id))
        await made(sandbox)
        simulator.channel_desk.enabled = False
        off = await sandbox.post(CHANNELS, json=NEW, headers=signed())
    await simulator.stop()

    assert (refused.status_code, refused.json()) == (400, {"reason": "CannotCreateChannelConfig"})
    assert unknown.json() == {"reason": "ChannelNotRegistered"}
    assert off.json() == {"reason": "FeatureNotEnabled"}


async def test_one_publish_reaches_every_card_that_follows(
    simulator: Simulator, manager: httpx.AsyncClient, sender: httpx.AsyncClient
) -> None:
    """Phones with iOS 18 follow without a token and without Allow; others, and those of another channel, do not."""
    channel_id, other = await made(manager), await made(manager)
    phones = [simulator.install_phone(behaviour=Behaviour(allow="never")) for _ in range(3)]
    old = simulator.install_phone(behaviour=Behaviour(ios_version="17.5"))
    for phone, channel in zip((*phones, old), (channel_id, channel_id, other, channel_id), strict=True):
        await join(sender, phone, channel)

    answer = await publish(sender, channel_id, apns_request_id=(request_id := str(uuid.uuid4())))

    assert (answer.status_code, answer.content, answer.headers["apns-request-id"]) == (200, b"", request_id)
    assert [shown(phone) for phone in phones] == [["preparing"], ["preparing"], ["placed"]]
    assert old.phone.records[-1].effect == "dropped: input-push-channel needs iOS 18"
    assert [card.update_token for card in phones[0].phone.cards.values()] == [None]
    [published] = [each for each in simulator.pushes if each.channel_id is not None]
    assert (published.channel_id, published.event, published.status) == (channel_id, "update", 200)


async def test_a_card_with_a_channel_that_is_not_there_does_not_start(
    phone: PhoneAgent, sender: httpx.AsyncClient
) -> None:
    """APNs takes the start all the same."""
    await join(sender, phone, "AAAA")

    assert (shown(phone), phone.phone.records[-1].effect) == ([], "dropped: there is no such channel")


@pytest.mark.parametrize(("policy", "expiration", "seen"), [(1, NOW + 600, "ready"), (0, 0, "placed")])
async def test_a_phone_that_was_offline_gets_the_newest_message_or_none(
    phone: PhoneAgent,
    manager: httpx.AsyncClient,
    sender: httpx.AsyncClient,
    policy: int,
    expiration: int,
    seen: str,
) -> None:
    """As the channel's policy says."""
    channel_id = await made(manager, policy)
    await join(sender, phone, channel_id)
    phone.go_offline()
    for second, status in enumerate(("preparing", "ready"), 1):
        message = update(**{"timestamp": NOW + second, "content-state": content(status=status)})
        assert (await publish(sender, channel_id, message, apns_expiration=str(expiration))).status_code == 200

    phone.go_online()

    assert shown(phone) == [seen]


async def test_a_stored_message_expires_and_reaches_who_subscribes_before(
    simulator: Simulator, manager: httpx.AsyncClient, sender: httpx.AsyncClient
) -> None:
    """A phone that joins late gets the newest; one that comes back after its expiry does not."""
    channel_id = await made(manager)
    early, late = simulator.install_phone(), simulator.install_phone()
    await join(sender, early, channel_id)
    early.go_offline()
    await publish(sender, channel_id)
    await join(sender, late, channel_id)
    simulator.set_clock(601.0)

    early.go_online()

    assert (shown(late), shown(early)) == (["preparing"], ["placed"])
    assert early.phone.records[-1].effect == "dropped: expired before the phone could get it"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"apns_channel_id": None}, "MissingChannelId"),
        ({"apns_channel_id": "?"}, "BadChannelId"),
        ({"apns_channel_id": "AAAA"}, "ChannelNotRegistered"),
        ({"apns_topic": BUNDLE_ID}, "TopicDisallowed"),
        ({"apns_push_type": None}, "MissingPushType"),
        ({"apns_push_type": "alert"}, "InvalidPushType"),
        ({"apns_priority": None}, "BadPriority"),
        ({"apns_expiration": None}, "BadExpirationDate"),
        ({"apns_request_id": "x"}, "BadMessageId"),
    ],
)
async def test_a_bad_publish_is_refused_with_apples_reason(
    manager: httpx.AsyncClient, sender: httpx.AsyncClient, changes: dict[str, str | None], reason: str
) -> None:
    """Headers that are missing or wrong."""
    answer = await publish(sender, await made(manager), None, **changes)

    assert (answer.status_code, answer.json()) == (400, {"reason": reason})


async def test_a_publish_on_a_channel_without_storage_must_expire_at_once_and_fit(
    manager: httpx.AsyncClient, sender: httpx.AsyncClient
) -> None:
    """A time to keep it is refused, and so are a start and 5,121 bytes; an end of 5,120 bytes is taken."""
    channel_id = await made(manager, 0)
    empty = len(encoded(end() | {"x": ""}))
    fits, too_large = (end() | {"x": "a" * (size - empty)} for size in (5120, 5121))

    answers = [
        await publish(sender, channel_id),
        await publish(sender, channel_id, start(), apns_expiration="0"),
        await publish(sender, channel_id, too_large, apns_expiration="0"),
        await publish(sender, channel_id, fits, apns_expiration="0"),
    ]

    reasons = [each.json()["reason"] if each.content else each.status_code for each in answers]
    assert reasons == ["BadExpirationDate", "BadRequestPayload", "PayloadTooLarge", 200]
