"""What apps report, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.devices.pictures import MOST_REPORTED
from events.postgres.pool import Pool, open_pool
from events.sealing import Keyring
from tests.integration.http_api import CARD, DEVICE, Api, Reply, running_api


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


async def put(api: Api, path: str, document: Any, **more: Any) -> Reply:
    """Report as a service."""
    return await api.send("PUT", path, document, token="devices:write", **more)


async def test_a_launch_is_answered_with_the_cards(api: Api) -> None:
    """The answer names each card the phone reported."""
    reply = await put(api, "/v1/devices/phone-1", {**DEVICE, "customerId": "customer-7", "cards": [CARD]})
    assert reply.status == 200
    assert (reply.json["deviceId"], reply.json["missing"]) == ("phone-1", [])
    [card] = reply.json["cards"]
    assert (card["subject"], card["activityId"], card["contentState"]) == ("order-1", "activity-1", None)


async def test_a_card_is_reported_and_let_go(api: Api) -> None:
    """PUT answers what the card should show; DELETE is 204, and for a card that was never there 404."""
    await put(api, "/v1/devices/phone-1", DEVICE)
    path = "/v1/devices/phone-1/cards/activity-1"
    reply = await put(api, path, CARD)
    assert (reply.status, reply.json["subject"]) == (200, "order-1")
    gone = await api.send("DELETE", path, token="devices:write")
    assert (gone.status, gone.body) == (204, b"")
    assert (await api.send("DELETE", f"{path}0", token="devices:write")).problem == "not-found"


async def test_a_phone_signs_out(api: Api) -> None:
    """DELETE is 204, and for a phone that was never there 404."""
    await put(api, "/v1/devices/phone-1", DEVICE)
    assert (await api.send("DELETE", "/v1/devices/phone-1", token="devices:write")).status == 204
    assert (await api.send("DELETE", "/v1/devices/phone-2", token="devices:write")).problem == "not-found"


async def test_a_card_of_an_unknown_phone_is_404(api: Api) -> None:
    """The device registers first."""
    assert (await put(api, "/v1/devices/phone-1/cards/a", CARD)).problem == "not-found"
    assert (await api.send("DELETE", "/v1/devices/phone-1/cards/a", token="devices:write")).problem == "not-found"


@pytest.mark.parametrize(
    ("change", "pointer", "says"),
    [
        ({"iosVersion": 18}, "/iosVersion", "Expected `str`, got `int`"),
        ({"environment": "moon"}, "/environment", "not a value that is known"),
        ({"colour": "red"}, "", "known fields: app, customerId, appBuild"),
        ({"cards": [CARD, {**CARD, "subject": 5}]}, "/cards/1/subject", "Expected `str`, got `int`"),
        ({"startTokens": {"OrderAttributes": "xyz"}}, "/startTokens", "regex"),
        ({"app": None}, "/app", "Expected `str`"),
    ],
)
async def test_a_report_of_another_shape_is_422(api: Api, change: dict[str, Any], pointer: str, says: str) -> None:
    """The answer names the place, what was expected, and what is known."""
    reply = await put(api, "/v1/devices/phone-1", {**DEVICE, **change})
    [error] = reply.json["errors"]
    assert (reply.status, reply.problem, error["pointer"]) == (422, "invalid-document", pointer)
    assert says in error["detail"]


ANDROID = {
    "platform": "android",
    "app": "com.example.orders_app",
    "osVersion": "16",
    "fcmToken": "dXk3Zq:APA91bTokenOfFirebase",
    "attributesTypes": ["OrderAttributes"],
}


async def test_a_phone_with_android_has_one_token_for_all(api: Api, pool: Pool) -> None:
    """Its environment is Firebase's, and another token takes the place of the first, on its open cards too."""
    assert (await put(api, "/v1/devices/phone-1", {**ANDROID, "customerId": "customer-7"})).status == 200
    reply = await put(api, "/v1/devices/phone-1/cards/card-1", {**CARD, "updateToken": "a1b2"})
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, "/updateToken")
    assert (await put(api, "/v1/devices/phone-1/cards/card-1", {**CARD, "updateToken": None})).status == 200
    [first] = await pool.fetch("SELECT environment, token_hash FROM cards")
    await put(
        api, "/v1/devices/phone-1", {**ANDROID, "customerId": "customer-7", "fcmToken": "Another:APA91bTokenHere"}
    )
    [card] = await pool.fetch("SELECT environment, token_hash, debt FROM cards")
    [device] = await pool.fetch("SELECT environment, ios_version, android_version FROM devices")
    held = {row["token_hash"] for row in await pool.fetch("SELECT token_hash FROM start_tokens")}
    assert tuple(device) == ("fcm", None, "16")
    assert first["environment"] == card["environment"] == "fcm"
    assert first["token_hash"] is not None
    assert {card["token_hash"]} == held != {first["token_hash"]}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"platform": "windows"}, "/platform"),
        ({"osVersion": "Tiramisu"}, "/osVersion"),
        ({"fcmToken": "short"}, "/fcmToken"),
        ({"iosVersion": "18.0"}, ""),
        ({"attributesTypes": ["", "OrderAttributes"]}, "/attributesTypes/0"),
    ],
)
async def test_a_report_of_android_names_what_is_wrong(api: Api, change: dict[str, Any], pointer: str) -> None:
    """Fields of the other platform are unknown ones."""
    reply = await put(api, "/v1/devices/phone-1", {**ANDROID, **change})
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize("path", ["/v1/devices/phone-1", "/v1/devices/phone-1/cards/a"])
async def test_a_report_is_json_of_a_size(api: Api, path: str) -> None:
    """Another media type is 415, too large is 413, no JSON is 422."""
    assert (await put(api, path, DEVICE, media_type="text/plain")).problem == "media-type"
    assert (await put(api, path, None, body=b" " * 262_145)).problem == "too-large"
    assert (await put(api, path, None, body=b"{")).problem == "invalid-document"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_an_id_that_cannot_be_is_404(api: Api, method: str) -> None:
    """Ids are 1 to 128 bytes of visible ASCII."""
    for path in ("/v1/devices/%00", "/v1/devices/a/cards/%20", f"/v1/devices/{'x' * 129}"):
        assert (await api.send(method, path, DEVICE, token="admin")).problem == "not-found"


async def test_a_device_route_without_postgres_is_503(dsn: str, keyring: Keyring) -> None:
    """A ticket is read without Postgres; the phone is not."""
    async with await open_pool(dsn, name="tests") as pool, running_api(pool, keyring) as api:
        await pool.close()
        for method, path, document in (
            ("PUT", "/v1/devices/phone-1", DEVICE),
            ("PUT", "/v1/devices/phone-1/cards/a", CARD),
            ("DELETE", "/v1/devices/phone-1", None),
        ):
            reply = await api.send(method, path, document, token=api.ticket("customer-7"))
            assert reply.problem == "unavailable"


@pytest.mark.parametrize("field", ["customerId", "locale"])
async def test_a_word_does_not_end_in_a_line_end(api: Api, field: str) -> None:
    """What looks like an id and is none is refused; words for people may be what they like."""
    status = (await put(api, "/v1/devices/phone-1", {**DEVICE, field: "customer-7\n"})).status
    assert status == (422 if field == "customerId" else 200)


async def test_a_phone_may_have_as_many_pictures_as_the_schema_says(api: Api) -> None:
    """A full report is not taken for too many values."""
    await put(api, "/v1/devices/phone-1", DEVICE)
    held = [{"key": f"dish-{number}", "sha256": "ab" * 32} for number in range(MOST_REPORTED)]
    failed = [{**each, "problem": "no_space"} for each in held]
    assert (await put(api, "/v1/devices/phone-1/assets", {"assets": held, "failed": failed})).status == 200
