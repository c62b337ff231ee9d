"""A visit to the console: one tab of a real browser, and what must hold in every one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import ConsoleMessage, Locator, Page, expect

from app.access.api_key import Scope
from app.access.console_sessions import DEMO, ENVIRONMENT, USUAL_SCOPES, ConsoleSessions
from tests.acceptance.world import World

_AXE: Final = Axe()
_AXE_OPTIONS: Final[dict[str, Any]] = {"resultTypes": ["violations"]}


@dataclass
class Visit:
    """A tab.

    Attributes:
        complaints: What the browser wrote to its console as a warning or an error, and what the page threw.
    """

    page: Page
    world: World
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Take note of what the browser says."""

        def said(message: ConsoleMessage) -> None:
            if message.type in ("warning", "error"):
                self.complaints.append(message.text)

        self.page.on("console", said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def ticket(self, scopes: Sequence[Scope] = USUAL_SCOPES, *, demo: bool = False) -> str:
        """Let somebody make a ticket at the command line; give it."""
        sessions = ConsoleSessions(self.world.service.pool, self.world.service.keyring)
        return (await sessions.issue(scopes, environment=DEMO if demo else ENVIRONMENT))[0]

    async def enter(self, scopes: Sequence[Scope] = USUAL_SCOPES, *, demo: bool = False) -> None:
        """Open the console by a link with a ticket, and wait until it is live."""
        await self.page.goto(f"{self.world.service.url}/#ticket={await self.ticket(scopes, demo=demo)}")
        await self.is_live()

    async def is_live(self) -> None:
        """Wait until the console follows what happens."""
        await expect(self.page.locator("#line")).to_have_text("Live")

    async def look_at(self, order: str, version: int | None = None) -> None:
        """Choose an order by the address."""
        query = "" if version is None else f"?version={version}"
        await self.page.evaluate("(hash) => { location.hash = hash; }", f"#/orders/{order}{query}")
        await expect(self.page.locator("#timeline > li")).not_to_have_count(0)

    def phone(self, number: int = 0) -> Locator:
        """Give one of the phones that are drawn."""
        return self.page.locator("#phones .phone").nth(number)

    async def phone_shows(self, words: str, number: int = 0) -> None:
        """Wait until the Lock Screen of a phone shows words."""
        await expect(self.phone(number).locator(".lock-card")).to_contain_text(words)

    async def shows(self, place: str, words: str) -> None:
        """Wait until a place of the page shows words."""
        await expect(self.page.locator(place)).to_contain_text(words)

    async def moved(self) -> list[Any]:
        """Give what moved so far without a press, and by how much: the browser's layout shifts."""
        moved: list[Any] = await self.page.evaluate("window.moved")
        return moved

    async def is_accessible(self) -> None:
        """See that axe has nothing to object to, and that nothing leads out of the page sideways."""
        found = await _AXE.run(self.page, options=_AXE_OPTIONS)
        violations = [
            f"{each['id']}: {node['html']}\n{node['failureSummary']}"
            for each in found.response["violations"]
            for node in each["nodes"]
        ]
        assert not violations, "\n".join(violations)
        wide = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"the page is {wide} pixels wider than its window"

    async def is_calm(self) -> None:
        """See that the browser had nothing to complain of; the page's policy would be among it."""
        assert not self.complaints, "\n".join(self.complaints)
