"""A real browser, steered by the DevTools protocol: one that the machine has, or none."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

FOUND: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""Where it is; None where the machine has none."""

PATIENCE_SECONDS: Final = 20.0
"""When a test is given up; nothing is measured by it."""

_UNTIL: Final = """
new Promise((resolve) => {
  const holds = () => { try { return EXPRESSION; } catch { return false; } };
  const look = () => { const value = holds(); if (value) { watch.disconnect(); resolve(value); } };
  const watch = new MutationObserver(look);
  watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  look();
})
"""


class Tab:
    """One tab of the browser.

    Attributes:
        requests: The addresses that it has asked for.
        complaints: What stood in its console, and what it threw.
    """

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self._line = line
        self._number = 0
        self._session: str | None = None
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.requests: list[str] = []
        self.complaints: list[str] = []

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        self._number += 1
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[self._number] = answer
        message = {"id": self._number, "method": method, "params": params}
        await self._line.send_json(message if self._session is None else {**message, "sessionId": self._session})
        given: dict[str, Any] = await answer
        return given

    async def open(self, address: str) -> None:
        """Open an address in a tab of its own."""
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        self._session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for domain in ("Network", "Log", "Runtime", "Page"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=address)

    async def until(self, expression: str) -> Any:
        """Wait until an expression of the page is true, and give it."""
        while True:
            wanted = _UNTIL.replace("EXPRESSION", expression)
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await self.call("Runtime.evaluate", expression=wanted, awaitPromise=True, returnByValue=True)
            if "value" in answer.get("result", {}):
                return answer["result"]["value"]
            # the page was left while this was asked of it

    async def set_online(self, *, online: bool) -> None:
        """Take the network away, or give it back."""
        limits = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        await self.call("Network.emulateNetworkConditions", offline=not online, **limits)

    async def listen(self) -> None:
        """Take what the browser says."""
        async for message in self._line:
            said = msgspec.json.decode(message.data, type=dict[str, Any])
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said.get("result", {}))
            elif said["method"] == "Network.requestWillBeSent":
                self.requests.append(said["params"]["request"]["url"])
            elif said["method"] in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.complaints.append(str(said["params"]))


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Tab]:
    """Run the browser, with a profile in this folder."""
    if FOUND is None:
        raise AssertionError("there is no browser here")
    switches = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
    process = await asyncio.create_subprocess_exec(
        FOUND, *switches, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        if process.stderr is None:
            raise AssertionError("its words are read")
        while b"DevTools listening on " not in (said := await process.stderr.readline()):
            assert said, "the browser did not start"
        address = said.decode().rpartition(" ")[2].strip()
        async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as line:
            tab = Tab(line)
            listening = asyncio.create_task(tab.listen())
            yield tab
            await tab.call("Browser.close")
            await listening
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
