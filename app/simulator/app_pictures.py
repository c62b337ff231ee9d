"""Let the app on a phone fetch pictures over HTTP, check and keep them, and tell Lockstep what it has."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec
import structlog

from app.simulator.chance import Profile
from app.simulator.faults import Faults
from app.simulator.outbox import Account, Call, Line, Outbox
from app.simulator.phone import Phone, Picture

log = structlog.get_logger()

TRIES = 5
_LANE = "pictures"


class Errand(msgspec.Struct, frozen=True):
    """A picture that Lockstep wants on the phone."""

    ref: str
    url: str
    sha256: str
    size_bytes: int = msgspec.field(name="sizeBytes")

    @property
    def key(self) -> str:
        """Give the picture's key."""
        return self.ref.rpartition("@")[0]


class FetchError(Exception):
    """A picture could not be fetched; the argument is the word that Lockstep is told."""


class AppPictures:
    """Fetch what Lockstep asks for, one after the other; what failed is tried again, save where there is no room.

    Args:
        phone: where the app runs.
        account: gives who is signed in.
        line: the way to Lockstep, and to whoever keeps the pictures.
        outbox: makes the app's calls.
        faults: what is to go wrong.
        profile: how long it waits before it tries again.
        changed: is told after each picture.
    """

    def __init__(
        self,
        phone: Phone,
        *,
        account: Callable[[], Account | None],
        line: Line,
        outbox: Outbox,
        faults: Faults,
        profile: Profile,
        changed: Callable[[], None],
    ) -> None:
        self._account = account
        self._phone, self._line, self._outbox, self._faults = phone, line, outbox, faults
        self._profile, self._changed = profile, changed
        self._wanted: dict[str, Errand] = {}
        self._tries: dict[str, int] = {}
        self._failed: dict[str, Errand] = {}
        self._task: asyncio.Task[None] | None = None

    def report(self) -> None:
        """Tell Lockstep all pictures that the app has, if somebody is signed in, and do what it answers."""
        account = self._account()
        if account is not None and self._phone.behaviour.fetches_pictures:
            path = f"/v1/devices/{self._phone.device_id}/assets"
            call = Call("PUT", path, account, body=self._body, lane=_LANE, about_card=True, on_answer=self.obey)
            self._outbox.submit(call)

    def retry(self) -> None:
        """Let what failed be tried anew, as an app does that is opened."""
        self._tries.clear()
        self._failed.clear()
        self._phone.failed_pictures.clear()

    def obey(self, errands: dict[str, Any]) -> None:
        """Delete and fetch what Lockstep says, if somebody is signed in."""
        if self._account() is None or not self._phone.behaviour.fetches_pictures:
            return
        dropped = [each for each in errands.get("drop") or () if self._phone.pictures.pop(each, None) is not None]
        for each in msgspec.convert(errands.get("fetch") or [], list[Errand]):
            gave_up = self._tries.get(each.ref, 0) >= TRIES or self._phone.failed_pictures.get(each.ref) == "no_space"
            if each.ref not in self._phone.pictures and not gave_up:
                self._wanted[each.ref] = each
        if errands.get("more") or (dropped and not self._wanted):
            self.report()
        if self._wanted and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._fetch_all())
            self._task.add_done_callback(self._finish)

    def forget(self) -> None:
        """Give up everything, as an app that is deleted."""
        self._wanted.clear()
        self.retry()
        if self._task is not None:
            self._task.cancel()

    async def quiet(self) -> None:
        """Wait until nothing is being fetched."""
        while self._task is not None:
            await asyncio.wait([self._task])

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("simulated_app_failed", error=type(error).__name__, exc_info=error)
        self._changed()

    async def _fetch_all(self) -> None:
        while self._wanted:
            _, errand = self._wanted.popitem()
            try:
                await self._fetch(errand)
            except FetchError as error:
                self._failed[errand.ref], self._phone.failed_pictures[errand.ref] = errand, str(error)
                self._tries[errand.ref] = self._tries.get(errand.ref, 0) + 1
            else:
                self._failed.pop(errand.ref, None)
                self._phone.failed_pictures.pop(errand.ref, None)
            self._changed()
        self.report()
        again = {
            ref: errand
            for ref, errand in self._failed.items()
            if self._phone.failed_pictures[ref] != "no_space" and self._tries[ref] < TRIES
        }
        if again:
            first, longest = self._profile.retry_seconds
            await asyncio.sleep(min(longest, first * 2 ** max(self._tries[ref] for ref in again)))
            self._wanted |= again
            await self._fetch_all()

    async def _fetch(self, errand: Errand) -> None:
        fault = self._faults.take_fetch()
        name = None if fault is None else fault.name
        room = self._phone.behaviour.storage_bytes
        used = sum(each.size_bytes for each in self._phone.pictures.values())
        if name == "fetch:no_space" or (room is not None and used + errand.size_bytes > room):
            raise FetchError("no_space")
        if name == "fetch:unreachable" or not self._outbox.online:
            raise FetchError("unreachable")
        try:
            content = await self._line.fetch(errand.url)
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            raise FetchError("unreachable") from error
        if name == "fetch:short":
            content = content[: len(content) // 2]
        elif name == "fetch:corrupt":
            content = bytes(len(content))
        if len(content) != errand.size_bytes:
            raise FetchError("wrong_size")
        if hashlib.sha256(content).hexdigest() != errand.sha256:
            raise FetchError("wrong_hash")
        self._phone.pictures[errand.ref] = Picture(errand.ref, errand.key, errand.sha256, len(content))

    def _body(self) -> dict[str, Any]:
        return {
            "assets": [{"key": each.key, "sha256": each.sha256} for each in self._phone.pictures.values()],
            "failed": [
                {"key": errand.key, "sha256": errand.sha256, "problem": self._phone.failed_pictures[ref]}
                for ref, errand in self._failed.items()
            ],
        }
