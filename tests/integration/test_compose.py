"""`docker-compose.yml`, brought up for real: what `make smoke` runs.

Services are killed and stopped here, so each test begins with all of them in health, and has an order
and phones of its own.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

import aiohttp
import pytest

from tests.integration.composed import REPOSITORY, SIMULATED, Composed, engine_away, image_of, image_to_be_had

CHOICE: Final = "LOCKSTEP_TEST_DOCKER"

pytestmark = pytest.mark.skipif(os.environ.get(CHOICE) != "1", reason=f"It builds an image; set {CHOICE}=1 to run it.")


@pytest.fixture(scope="module")
def project() -> Iterator[Composed]:
    """The project with its simulator; nothing of it is left afterwards."""
    away = engine_away()
    if away is not None:
        pytest.skip(away)
    project = Composed()
    try:
        project.compose("build", "lockstep")
        project.up()
        yield project
    finally:
        project.down()
    assert project.left() == ""


@pytest.fixture
async def composed(project: Composed) -> Composed:
    """The project with every service in health."""
    project.up()
    await until(
        lambda: [project.state(each)["State"]["Health"]["Status"] for each in SIMULATED], ["healthy"] * len(SIMULATED)
    )
    return project


class Shop:
    """An upstream with a key, and an iPhone and a phone with Android of its customer.

    Attributes:
        customer: Whose phones they are.
    """

    def __init__(self, composed: Composed, session: aiohttp.ClientSession, customer: str) -> None:
        self._composed, self._session, self.customer = composed, session, customer
        self._headers: dict[str, str] = {}

    async def open(self) -> None:
        """Get a key and a ticket from the command line, and install the phones."""
        key = self._composed.lockstep("keys", "create", "--name", "trial", "--scope", "admin")
        ticket = self._composed.lockstep("tickets", "mint", "--customer", self.customer)
        self._headers = {"Authorization": f"Bearer {key}"}
        for platform in ("ios", "android"):
            phone = {"platform": platform, "phoneId": f"{platform}-{self.customer}", "customerId": self.customer}
            await self._session.post(
                f"{self._composed.simulator}/phones", json=phone | {"ticket": ticket, "profile": "calm"}
            )

    async def tell(self, number: int, kind: str, **data: Any) -> int:
        """Post the order's next event, and give its version."""
        event = {"type": kind, "id": str(number), "data": data}
        answer = await self._session.post(f"{self._order}/events", json=event, headers=self._headers)
        told = await answer.json()
        assert told["outcome"] == "appended"
        return int(told["version"])

    async def kept(self) -> list[str]:
        """Give the types of the order's events, as the log has them."""
        answer = await self._session.get(f"{self._order}/events", headers=self._headers)
        return [each["type"] for each in (await answer.json())["events"]]

    async def shown(self) -> list[list[str]]:
        """Give what the iPhone's cards and the Android phone's Live Updates say."""
        iphone, android = [
            await (await self._session.get(f"{self._composed.simulator}/phones/{each}-{self.customer}")).json()
            for each in ("ios", "android")
        ]
        return [
            [each["content"]["status"] for each in iphone["cards"]],
            [each["face"]["title"] for each in android["liveUpdates"]],
        ]

    @property
    def _order(self) -> str:
        return f"{self._composed.api}/v1/orders/order-of-{self.customer}"


@pytest.fixture
async def shop(composed: Composed, request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    """A customer with two phones, whose order was placed and is shown on both."""
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        shop = Shop(composed, session, f"customer-{request.node.name[-12:]}")
        await shop.open()
        await shop.tell(1, "order.placed", customerId=shop.customer, merchantName="Roma")
        await until(shop.shown, [["placed"], ["Placed"]])
        yield shop


async def test_an_event_moves_an_iphone_and_a_phone_with_android(shop: Shop) -> None:
    """From an empty database to cards on virtual phones, and on with them."""
    version = await shop.tell(2, "order.preparing")

    await until(shop.shown, [["preparing"], ["Preparing"]])
    assert version == 2


async def test_what_is_killed_comes_back_and_has_lost_nothing(composed: Composed, shop: Shop) -> None:
    """The database, the service and the dispatcher die at once; the order goes on where it was."""
    died = ("postgres", "lockstep", "dispatcher-simulated")
    before = [composed.state(each)["State"]["StartedAt"] for each in died]
    composed.compose("kill", "-s", "SIGKILL", *died)
    composed.up()
    await until(lambda: composed.state("lockstep")["State"]["Health"]["Status"], "healthy")

    assert await shop.kept() == ["order.placed"]
    await shop.tell(2, "order.preparing")
    await until(shop.shown, [["preparing"], ["Preparing"]])
    assert await shop.kept() == ["order.placed", "order.preparing"]
    assert not set(before) & {composed.state(each)["State"]["StartedAt"] for each in died}


async def test_what_is_told_to_stop_leaves_by_itself(composed: Composed) -> None:
    """Each process ends on SIGTERM with 0, and is not killed."""
    composed.compose("stop", *SIMULATED)

    assert [composed.state(each)["State"]["ExitCode"] for each in SIMULATED] == [0] * len(SIMULATED)


@pytest.mark.parametrize("service", SIMULATED)
def test_a_service_runs_without_rights(composed: Composed, service: str) -> None:
    """It is not root, has no capability and gains none, and writes nothing but what is mounted for it."""
    status = composed.compose("exec", "-T", service, "cat", "/proc/1/status")
    told = dict(line.split(":", 1) for line in status.splitlines())
    refused = composed.compose("exec", "-T", service, "sh", "-c", "touch /opt/x /var/lib/lockstep/x 2>&1 || true")

    assert told["Uid"].split() == ["10001"] * 4
    assert {name: told[name].strip() for name in ("NoNewPrivs", "CapEff")} == {"NoNewPrivs": "1", "CapEff": "0" * 16}
    assert refused.count("Read-only file system") == 2
    assert composed.compose("exec", "-T", service, "sh", "-c", "touch /tmp/x && echo written") == "written"


@pytest.mark.parametrize("service", ["lockstep", "dispatcher-simulated"])
def test_the_doctor_finds_nothing(composed: Composed, service: str) -> None:
    """Beside each process, with its settings, whatever it needs answers."""
    found = json.loads(composed.compose("exec", "-T", service, "lockstep", "doctor", "--json"))

    assert [each for each in found["findings"] if each["state"] in {"bad", "warning"}] == []


def test_the_migration_may_be_run_again(composed: Composed) -> None:
    """Its job did its work before the service started, and has nothing left to do."""
    assert composed.state("migrate")["State"]["ExitCode"] == 0
    assert "The schema is up to date." in composed.compose("run", "--rm", "-T", "migrate")


async def test_prometheus_finds_every_process(composed: Composed) -> None:
    """It reads its configuration and its rules, and scrapes whatever runs."""
    need("prometheus")
    composed.up("prometheus")

    async def found() -> list[str]:
        targets = await asked(f"{composed.prometheus}/api/v1/targets?state=active")
        return sorted(each["health"] for each in targets["data"]["activeTargets"]) if targets else []

    await until(found, ["up", "up"])
    rules = await asked(f"{composed.prometheus}/api/v1/rules")
    broken = [rule for group in rules["data"]["groups"] for rule in group["rules"] if rule["health"] == "err"]
    assert broken == []


async def test_grafana_has_its_source_and_its_dashboards(composed: Composed) -> None:
    """What is provisioned is there without a hand."""
    need("prometheus", "grafana")
    composed.up("grafana")
    api = composed.grafana.replace("//", "//admin:lockstep@")

    async def healthy() -> Any:
        source = await asked(f"{api}/api/datasources/uid/prometheus/health")
        return source and source["status"]

    await until(healthy, "OK")
    shown = await asked(f"{api}/api/search?type=dash-db")
    assert len(shown) == len([*(REPOSITORY / "docs/deploy/grafana").glob("*.json")])


def need(*services: str) -> None:
    """Skip the test where the image of a service is not to be had."""
    for image in map(image_of, services):
        if not image_to_be_had(image):
            pytest.skip(f"{image} is not to be had here.")


async def asked(url: str) -> Any:
    """Give the answer, or None where there is none."""
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.json() if response.ok else None
    except aiohttp.ClientError:
        return None


async def until(look: Callable[[], Any], wanted: Any) -> None:
    """Look until what is seen is what is waited for; what runs in a container cannot ring."""
    seen: Any = None
    try:
        async with asyncio.timeout(120):
            while seen != wanted:
                await asyncio.sleep(0.5)
                seen = look()
                if asyncio.iscoroutine(seen):
                    seen = await seen
    except TimeoutError:
        pytest.fail(f"{seen} was seen to the end, and not {wanted}")
