"""Send messages by FCM as a sender would, and see what phones with Android make of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.simulator.android_agent import AndroidAgent
from app.simulator.android_phone import AndroidBehaviour
from app.simulator.chance import CALM
from app.simulator.fault_plans import find_plan
from app.simulator.faults import Fault
from app.simulator.simulator import Options, Simulator
from tests.integration.simulated import Lockstep, connect
from tests.unit.app.simulator.examples import NOW
from tests.unit.app.simulator.fcm_examples import SEND, body, data, form, message, showing


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep the service account, whose key takes a while to make."""
    return tmp_path_factory.mktemp("fcm")


@pytest.fixture
async def lockstep() -> AsyncIterator[Lockstep]:
    """Run the stand-in."""
    stand_in = Lockstep()
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


@pytest.fixture
async def simulator(folder: Path, lockstep: Lockstep) -> AsyncIterator[Simulator]:
    """Run a simulator at a fixed time."""
    options = Options(profile=CALM, grace_seconds=0.1)
    running = await Simulator.start(folder, lockstep_url=lockstep.url, options=options, now=lambda: float(NOW))
    yield running
    await running.stop()


@pytest.fixture
async def sender(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """Connect a sender with an access token."""
    async with connect(simulator, simulator.fcm.url) as connected:
        answer = await connected.post("/token", data=form(simulator.fcm.make_account()))
        assert answer.status_code == 200, answer.text
        connected.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        yield connected


@pytest.fixture
async def phone(simulator: Simulator) -> AndroidAgent:
    """Install the app on a phone with Android, and sign in."""
    agent = simulator.fcm.install_phone(customer_id="ada", ticket="t-1", phone_id="p")
    await agent.quiet()
    return agent


async def send(sender: httpx.AsyncClient, token: str | None, told: dict[str, str] | None = None, **android: str) -> Any:
    """Send a message; give the answer's status, and FCM's reason if it has one."""
    answer = await sender.post(SEND, json=body(str(token), told, **android))
    details = answer.json().get("error", {}).get("details", []) if answer.content else []
    return answer.status_code, next((each["errorCode"] for each in details if "errorCode" in each), None)


def titles(agent: AndroidAgent) -> list[str]:
    """Give what the phone's Live Updates say."""
    return [each.face["title"] for each in agent.phone.live_updates.values() if each.is_visible(NOW)]


async def test_a_message_reaches_the_phone(
    simulator: Simulator, sender: httpx.AsyncClient, phone: AndroidAgent
) -> None:
    """By a token that the app has told, and it is recorded as pushes are."""
    answer = await sender.post(SEND, json=body(str(phone.phone.token)))

    assert answer.status_code == 200
    assert answer.json()["name"].startswith("projects/lockstep-simulated/messages/")
    assert titles(phone) == ["Placed"]
    [push] = simulator.pushes
    assert (push.apns_id, push.event, push.phone_id, push.priority) == (answer.json()["name"], "start", "p", 10)
    assert (push.expiration, push.message, push.payload) == (NOW + 3600, data(), None)


async def test_a_launch_registers_the_phone(lockstep: Lockstep, sender: httpx.AsyncClient, phone: AndroidAgent) -> None:
    """With the token that takes all its messages, what it can show, and what it shows; what is over is told once."""
    assert lockstep.calls == [
        (
            "PUT",
            f"/v1/devices/{phone.phone.device_id}",
            "Bearer t-1",
            {
                "platform": "android",
                "customerId": "ada",
                "app": "app.lockstep.demo",
                "osVersion": "16",
                "appBuild": "100",
                "locale": "en",
                "notificationsEnabled": True,
                "fcmToken": phone.phone.token,
                "attributesTypes": ["OrderAttributes"],
                "cards": [],
            },
        )
    ]
    for order in ("1", "2"):
        await send(sender, phone.phone.token, data(subject=f"order-{order}", cardId=f"card-{order}"))
    await send(sender, phone.phone.token, data("end", subject="order-2", cardId="card-2", seconds=1))
    for _ in range(2):
        phone.launch()
        await phone.quiet()

    listed = [body["cards"] for body in lockstep.bodies(phone.phone.device_id)[1:]]
    first = {"subject": "order-1", "attributesType": "OrderAttributes", "state": "active", "cardId": "card-1"}
    over = {"subject": "order-2", "attributesType": "OrderAttributes", "state": "ended", "cardId": "card-2"}
    assert listed == [[first, over], [first]]


async def test_what_the_user_swipes_away_is_reported(
    lockstep: Lockstep, sender: httpx.AsyncClient, phone: AndroidAgent
) -> None:
    """Without a token, for it has none of its own; and the app takes away what it is told to at a launch."""
    for order in ("1", "2"):
        await send(sender, phone.phone.token, data(subject=f"order-{order}", cardId=f"card-{order}"))
    phone.dismiss("order-1")
    await phone.quiet()
    lockstep.answer = {"cards": [{"cardId": "card-2", "end": True, "contentState": None}], "missing": []}
    phone.launch()
    await phone.quiet()

    assert lockstep.bodies("/cards/card-1") == [
        {"subject": "order-1", "attributesType": "OrderAttributes", "state": "dismissed"}
    ]
    assert (titles(phone), phone.complaints) == ([], [])


async def test_a_phone_that_was_away_gets_what_fcm_kept(
    simulator: Simulator, lockstep: Lockstep, sender: httpx.AsyncClient, phone: AndroidAgent
) -> None:
    """Within its time to live; after a hundred messages nothing, save the hint by which the app registers again."""
    phone.go_offline()
    await send(sender, phone.phone.token, data(), ttl="0s")
    await send(sender, phone.phone.token, data(), ttl="60s")
    await send(sender, phone.phone.token, data("update", seconds=1, card=showing(title="Ready")), ttl="61s")
    simulator.set_clock(60)
    phone.go_online()
    seen, effects = titles(phone), [each.effect for each in phone.phone.records]
    phone.go_offline()
    for second in range(2, 103):
        phone.deliver(message(data("update", seconds=second)))
    phone.go_online()
    await phone.quiet()

    assert (seen, titles(phone)) == (["Ready"], ["Ready"])
    assert effects == [
        "dropped: the phone could not be reached, and FCM was not to keep it",
        "dropped: expired while the phone could not be reached",
        "applied",
    ]
    assert len(lockstep.bodies(phone.phone.device_id)) == 2
    assert lockstep.bodies(phone.phone.device_id)[1]["cards"][0]["cardId"] == "card-1"


async def test_what_is_not_urgent_waits_while_the_phone_dozes(sender: httpx.AsyncClient, phone: AndroidAgent) -> None:
    """What is HIGH wakes it at once."""
    phone.doze()
    await send(sender, phone.phone.token, data(), priority="NORMAL")
    await send(sender, phone.phone.token, data(subject="order-2", cardId="card-2"), priority="HIGH")
    asleep = [each.subject for each in phone.phone.live_updates.values()]
    phone.wake()

    assert (asleep, list(phone.phone.live_updates)) == (["order-2"], ["order-2", "order-1"])


async def test_a_token_dies_with_its_installation(
    lockstep: Lockstep, sender: httpx.AsyncClient, phone: AndroidAgent
) -> None:
    """An app that is gone tells nobody; installed anew it is another device, moved to a new phone the same one."""
    device_id, first = phone.phone.device_id, phone.phone.token
    await send(sender, first)
    phone.uninstall()
    phone.launch()
    await phone.quiet()
    refused, calls = await send(sender, first), len(lockstep.calls)
    phone.reinstall()
    await phone.quiet()
    again, second = phone.phone.device_id, phone.phone.token
    await send(sender, second)
    phone.restore()
    await phone.quiet()

    assert (refused, calls) == ((404, "UNREGISTERED"), 1)
    assert (again != device_id, phone.phone.device_id) == (True, again)
    assert titles(phone) == []
    told = [each["fcmToken"] for each in lockstep.bodies("") if each]
    assert told == [first, second, phone.phone.token]
    assert [await send(sender, token) for token in told] == [(404, "UNREGISTERED")] * 2 + [(200, None)]


async def test_signing_out_and_switching_notifications_off_clear_the_phone(
    lockstep: Lockstep, sender: httpx.AsyncClient, phone: AndroidAgent
) -> None:
    """The app tells of both; the next user starts clean."""
    await send(sender, phone.phone.token)
    phone.behave(notifications_enabled=False)
    await phone.quiet()
    off = titles(phone), lockstep.bodies(phone.phone.device_id)[-1]["notificationsEnabled"]
    phone.behave(notifications_enabled=True)
    await send(sender, phone.phone.token, data("update", seconds=1))
    shown = titles(phone)
    phone.sign_in("bob", ticket="t-2")
    await phone.quiet()

    assert (off, shown, titles(phone)) == (([], False), ["Placed"], [])
    assert [(method, ticket) for method, _, ticket, _ in lockstep.calls[-2:]] == [
        ("DELETE", "Bearer t-1"),
        ("PUT", "Bearer t-2"),
    ]
    assert lockstep.calls[-1][3]["cards"] == []


@pytest.mark.parametrize(
    ("fault", "answers"),
    [
        (Fault("reason:QUOTA_EXCEEDED", retry_after_seconds=7), (429, "QUOTA_EXCEEDED")),
        (Fault("reason:UNAVAILABLE"), (503, "UNAVAILABLE")),
        (Fault("reason:UNAUTHENTICATED"), (401, None)),
        (Fault("reason:SOMETHING_NEW", status=418, to="fcm"), (418, "SOMETHING_NEW")),
        (Fault("body:empty"), (502, None)),
    ],
    ids=lambda each: each.name if isinstance(each, Fault) else "",
)
async def test_fcm_refuses_as_it_is_told(
    simulator: Simulator, sender: httpx.AsyncClient, phone: AndroidAgent, fault: Fault, answers: tuple[int, str | None]
) -> None:
    """Once, without sending; APNs goes on."""
    simulator.add_fault(fault)

    assert await send(sender, phone.phone.token) == answers
    assert await send(sender, phone.phone.token) == (200, None)
    [refused, _] = simulator.pushes
    assert (refused.phone_id, refused.fault, refused.message) == ("p", fault.name, None)


async def test_a_token_that_is_called_dead_has_a_successor(
    simulator: Simulator, lockstep: Lockstep, sender: httpx.AsyncClient, phone: AndroidAgent
) -> None:
    """Which the app tells."""
    old = phone.phone.token
    simulator.begin_plan(find_plan("reason:UNREGISTERED"))

    refused = await send(sender, old)
    await phone.quiet()

    assert refused == (404, "UNREGISTERED")
    assert lockstep.bodies(phone.phone.device_id)[-1]["fcmToken"] == phone.phone.token != old


async def test_what_befalls_connections_befalls_fcm_too(
    simulator: Simulator, sender: httpx.AsyncClient, phone: AndroidAgent
) -> None:
    """A reset stream sends nothing; a black hole swallows; a new connection serves."""
    simulator.add_fault(Fault("reset"))
    with pytest.raises(httpx.RemoteProtocolError):
        await send(sender, phone.phone.token)
    simulator.add_fault(Fault("black_hole"))
    with pytest.raises(httpx.ReadTimeout):
        await sender.post(SEND, json=body(str(phone.phone.token)), timeout=httpx.Timeout(5, read=0.05))
    simulator.fcm.server.send_away()
    async with connect(simulator, simulator.fcm.url) as another:
        another.headers = sender.headers
        assert await send(another, phone.phone.token) == (200, None)

    assert [each.status for each in simulator.pushes] == [None, None, 200]


async def test_access_is_refused_as_it_is_told(
    simulator: Simulator, sender: httpx.AsyncClient, phone: AndroidAgent
) -> None:
    """In the words of OAuth, also for another address; and what was given is worth nothing once it is revoked."""
    elsewhere = await sender.post("/token", data=form(simulator.fcm.make_account(host="elsewhere")))
    account = simulator.fcm.make_account()
    simulator.add_fault(Fault("reason:invalid_grant"))
    refused = await sender.post("/token", data=form(account))
    denied = await sender.post("/token", data=form(account, scope="email"))
    simulator.fcm.accounts.revoke()

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert (elsewhere.status_code, elsewhere.json()["error"]) == (400, "invalid_grant")
    assert (denied.status_code, set(denied.json())) == (400, {"error", "error_description"})
    assert await send(sender, phone.phone.token) == (401, None)
    assert (await sender.get(SEND)).status_code == 404


async def test_a_phone_is_steered_over_http(simulator: Simulator, sender: httpx.AsyncClient) -> None:
    """It is installed, read and moved as iPhones are."""
    async with httpx.AsyncClient(base_url=simulator.control_url) as control:
        wanted = {"platform": "android", "phoneId": "a", "customerId": "ada", "ticket": "t", "profile": "calm"}
        installed = await control.post("/phones", json=wanted | {"behaviour": {"locale": "de"}})
        await send(sender, installed.json()["fcmToken"])
        shown = (await control.get("/phones/a")).json()
        asleep = (await control.post("/phones/a/doze")).json()
        dismissed = (await control.post("/phones/a/dismiss", json={"card": "card-1"})).json()
        behaved = (await control.post("/phones/a/behave", json={"notificationsEnabled": False})).json()
        unknown = await control.post("/phones/a/force-quit")
        wrong = await control.post("/phones", json={"platform": "android", "iosVersion": "18.1"})
        taken = await control.post("/phones", json={"phoneId": "a"})
        listed = (await control.get("/phones")).json()["phones"]
        summary = (await control.get("/")).json()

    assert (installed.status_code, installed.json()["behaviour"]["locale"]) == (201, "de")
    [live] = shown["liveUpdates"]
    assert (live["subject"], live["cardId"], live["state"], live["visible"]) == ("order-1", "card-1", "active", True)
    assert (live["face"]["title"], shown["messages"][0]["effect"]) == ("Placed", "applied")
    assert (asleep["dozing"], dismissed["liveUpdates"][0]["state"], behaved["liveUpdates"]) == (True, "dismissed", [])
    assert [each.status_code for each in (unknown, wrong, taken)] == [404, 422, 422]
    assert [(each["id"], each["platform"]) for each in listed] == [("a", "android")]
    assert (summary["phones"], summary["fcmUrl"], summary["fcmTokenUri"]) == (
        1,
        simulator.fcm.url,
        f"{simulator.fcm.url}/token",
    )


async def test_phones_of_another_project_are_not_ours(simulator: Simulator, sender: httpx.AsyncClient) -> None:
    """FCM tells the sender so."""
    foreign = simulator.fcm.install_phone(project_id="another", behaviour=AndroidBehaviour(os_version="15"))

    assert await send(sender, foreign.phone.token) == (403, "SENDER_ID_MISMATCH")
