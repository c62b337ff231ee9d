"""`docker-compose.yml`, brought up for real: build, start, post an event, and see its card on a phone."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp
import pytest

REPOSITORY: Final = Path(__file__).resolve().parents[2]
CHOICE: Final = "LOCKSTEP_TEST_DOCKER"

pytestmark = [
    pytest.mark.skipif(os.environ.get(CHOICE) != "1", reason=f"It builds an image; set {CHOICE}=1 to run it."),
    pytest.mark.skipif(shutil.which("docker") is None, reason="There is no docker here."),
]


class Composed:
    """The services of a project that runs.

    Attributes:
        api: Where the API answers.
        simulator: Where the phones are steered.
    """

    def __init__(self) -> None:
        api, simulator = _free_ports()
        self.api, self.simulator = f"http://127.0.0.1:{api}", f"http://127.0.0.1:{simulator}"
        self._environment = os.environ | {
            "COMPOSE_PROJECT_NAME": f"lockstep-test-{uuid4().hex[:8]}",
            "LOCKSTEP_PUBLISHED_PORT": str(api),
            "LOCKSTEP_SIMULATOR_PORT": str(simulator),
        }

    def compose(self, *words: str) -> str:
        """Run a command of compose and give what it printed."""
        done = subprocess.run(  # noqa: S603 - the words are those of this file
            [*_program(), "--profile", "simulator", *words],
            cwd=REPOSITORY,
            env=self._environment,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3_000:]
        return done.stdout.strip()

    def lockstep(self, *words: str) -> str:
        """Run a command of Lockstep beside the service."""
        return self.compose("exec", "-T", "lockstep", "lockstep", *words)


@pytest.fixture(scope="module")
def composed() -> Iterator[Composed]:
    """The project with its simulator; nothing of it is left afterwards."""
    project = Composed()
    try:
        project.compose("up", "--build", "--detach")
        yield project
    finally:
        project.compose("down", "--volumes", "--timeout", "30")


async def test_an_event_reaches_a_phone_through_the_composed_services(composed: Composed) -> None:
    """From an empty database to a card on a virtual phone, with keys and tickets made by the command line."""
    await _until(f"{composed.api}/readyz", lambda answer: answer == {"ready": True})
    key = composed.lockstep("keys", "create", "--name", "trial", "--scope", "admin")
    ticket = composed.lockstep("tickets", "mint", "--customer", "customer-7")
    order, bearer = f"{composed.api}/v1/orders/order-1", {"Authorization": f"Bearer {key}"}
    placed = {"type": "order.placed", "id": "1", "data": {"customerId": "customer-7", "merchantName": "Roma"}}

    async with aiohttp.ClientSession(raise_for_status=True) as session:
        phone = {"phoneId": "mine", "customerId": "customer-7", "ticket": ticket, "profile": "calm"}
        await session.post(f"{composed.simulator}/phones", json=phone)
        answer = await session.post(f"{order}/events", json=placed, headers=bearer)
        assert (await answer.json())["outcome"] == "appended"
        shown = await _until(f"{composed.simulator}/phones/mine", lambda answer: bool(answer["cards"]))
        seen = await (await session.get(order, headers=bearer)).json()

    assert [card["subject"] for card in shown["cards"]] == ["order-1"]
    assert (seen["status"], seen["viewVersion"]) == ("placed", 1)


async def test_the_service_runs_without_rights(composed: Composed) -> None:
    """Its user is not root, and its root folder cannot be written."""
    assert composed.compose("exec", "-T", "lockstep", "id", "-u") == "10001"
    assert composed.compose("exec", "-T", "lockstep", "sh", "-c", "touch /opt/x 2>&1 || true").endswith(
        "Read-only file system"
    )


def _program() -> list[str]:
    """Give compose as it is installed: a plugin of docker, or a program of its own."""
    old = shutil.which("docker-compose")
    return ["docker", "compose"] if old is None else [old]


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


async def _until(url: str, holds: Any) -> Any:
    """Ask until the answer is the one that is waited for; what runs in a container cannot ring."""
    answer: Any = None
    try:
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while answer is None or not holds(answer):
                try:
                    async with session.get(url) as response:
                        answer = await response.json(content_type=None)
                except aiohttp.ClientError:
                    answer = None
                await asyncio.sleep(0.2)
    except TimeoutError:
        pytest.fail(f"{url} answered {answer} to the end")
    return answer
