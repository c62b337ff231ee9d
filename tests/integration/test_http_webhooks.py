"""Webhooks over HTTP: who may set them up, and what a mistake is answered."""

from collections.abc import AsyncIterator

import pytest

from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.http_api import Api, running_api

HOOK = "/v1/webhooks/crm"
ASKED = {"url": "https://crm.example.com/lockstep"}


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """A running edge."""
    async with running_api(pool, keyring) as made:
        yield made


async def test_a_webhook_lives_its_life(api: Api) -> None:
    """Set up with a secret that is shown once, shown, given another secret, listed, deleted."""
    added = await api.send("PUT", HOOK, ASKED, token="admin")
    again = await api.send("PUT", HOOK, {**ASKED, "types": ["card.ended"]}, token="admin")
    shown = await api.send("GET", HOOK, token="admin")
    rotated = await api.send("POST", f"{HOOK}/secret", {"overlapSeconds": 60}, token="admin")
    listed = await api.send("GET", "/v1/webhooks", token="admin")
    deliveries = await api.send("GET", f"{HOOK}/deliveries?state=dead", token="admin")
    resent = await api.send("POST", f"{HOOK}/resend", {"dead": True}, token="admin")
    gone = [(await api.send("DELETE", HOOK, token="admin")).status for _ in range(2)]

    assert (added.status, again.status, rotated.status, resent.status, gone) == (201, 200, 201, 202, [204, 404])
    assert added.json["secret"].startswith("whsec_")
    assert (shown.json["types"], shown.json["waiting"], "secret" in shown.json) == (["card.ended"], 0, False)
    assert rotated.json["secret"] != added.json["secret"]
    assert "previousSecretUntil" in rotated.json
    assert [each["name"] for each in listed.json["webhooks"]] == ["crm"]
    assert (deliveries.json, resent.json) == ({"deliveries": []}, {"outcome": "sending", "facts": 0})


async def test_a_mistake_is_named_with_its_field(api: Api) -> None:
    """The URL that leads to ourselves, what is not there, and a question that makes no sense."""
    inward = await api.send("PUT", HOOK, {"url": "https://169.254.169.254/latest"}, token="admin")
    strange = [
        await api.send("GET", HOOK, token="admin"),
        await api.send("POST", f"{HOOK}/secret", {}, token="admin"),
        await api.send("GET", f"{HOOK}/deliveries", token="admin"),
        await api.send("POST", f"{HOOK}/resend", {"dead": True}, token="admin"),
    ]
    vague = await api.send("POST", f"{HOOK}/resend", {}, token="admin")
    senseless = await api.send("GET", f"{HOOK}/deliveries?state=lost", token="admin")

    assert (inward.status, [each["pointer"] for each in inward.json["errors"]]) == (422, ["/url"])
    assert {each.problem for each in strange} == {"not-found"}
    assert (vague.status, senseless.problem) == (422, "bad-request")
