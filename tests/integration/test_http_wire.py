"""The calls of the Swift client, with the documents that it decodes and encodes in its own tests."""

from collections.abc import AsyncIterator

import pytest

from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.golden.test_wire import CARD_ID, golden
from tests.integration.http_api import Api, running_api

PHONE = "/v1/devices/0d6a5c1e-2f43-4d1c-9a51-5f5a3e0f7c11"
CARD = f"{PHONE}/cards/{CARD_ID}"


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


async def test_the_reports_are_taken_and_the_answers_have_their_fields(api: Api) -> None:
    """A launch, a card, the same again, and a sign-out, all with the user's ticket."""
    ticket = api.ticket("customer-7")
    for _ in range(2):
        launch = await api.send("PUT", PHONE, golden("launch_report"), token=ticket)
        assert launch.status == 200
        assert launch.json.keys() == golden("launch_answer").keys()
        assert [card["activityId"] for card in launch.json["cards"]] == [
            card["activityId"] for card in golden("launch_report")["cards"]
        ]
        assert [card.keys() for card in launch.json["cards"]] == [golden("card_answer").keys()] * 2
        card = await api.send("PUT", CARD, golden("card_report"), token=ticket)
        assert (card.status, card.json.keys()) == (200, golden("card_answer").keys())
    assert [each["end"] for each in launch.json["cards"]] == [False, True]
    assert (await api.send("DELETE", PHONE, token=ticket)).status == 204


async def test_a_phone_that_is_not_known_is_told_to_report_anew(api: Api) -> None:
    """A card's report is 404, the launch report 200, and then so is the card's."""
    ticket = api.ticket("customer-7")
    statuses = [
        (await api.send("PUT", path, golden(name), token=ticket)).status
        for path, name in ((CARD, "card_report"), (PHONE, "launch_report"), (CARD, "card_report"))
    ]

    assert statuses == [404, 200, 200]


async def test_a_start_token_that_is_left_out_is_forgotten(api: Api, pool: Pool) -> None:
    """So the client keeps the last one that it knew."""
    ticket, report = api.ticket("customer-7"), golden("launch_report")
    await api.send("PUT", PHONE, report, token=ticket)
    await api.send("PUT", PHONE, report | {"startTokens": {}}, token=ticket)

    assert await pool.fetchval("SELECT count(*) FROM start_tokens") == 0


async def test_who_left_cannot_sign_out_the_next_user(api: Api) -> None:
    """The client may make its last call late: it is 404 then, which is fine with it."""
    first, second = api.ticket("customer-7"), api.ticket("customer-8")
    await api.send("PUT", PHONE, golden("launch_report"), token=first)
    taken = golden("launch_report") | {"customerId": "customer-8", "cards": []}
    assert (await api.send("PUT", PHONE, taken, token=second)).status == 200
    assert (await api.send("DELETE", PHONE, token=first)).problem == "not-found"
    assert (await api.send("PUT", PHONE, taken, token=second)).status == 200
