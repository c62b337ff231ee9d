"""Perform stories: post what they say, move the phones, and wait for what they wait for."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, assert_never

from app.demo.androids import Androids
from app.demo.errors import DemoError, NoCardError
from app.demo.gallery import Gallery
from app.demo.images_judge import PLACEHOLDER
from app.demo.lost_starts import LostStart, find_lost_starts
from app.demo.shop import Posting, Shop
from app.demo.shown import lines_of, page_shows
from app.demo.steps import (
    Allow,
    AtOnce,
    AwaitAnswers,
    AwaitCard,
    AwaitLiveUpdate,
    AwaitNoCard,
    AwaitPage,
    AwaitPicture,
    CutLine,
    Dismiss,
    Drift,
    In,
    Install,
    InstallAndroid,
    MoveAndroid,
    NameSegment,
    Network,
    OpenPage,
    Picture,
    PutPicture,
    RotateStartTokens,
    RotateToken,
    Say,
    SayAgain,
    SayTogether,
    SignIn,
    SignOut,
    StartCard,
    Step,
    Story,
    SwipeAway,
    Tag,
    WithdrawPicture,
)
from app.demo.web_judge import PageReading
from app.simulator.agent import PhoneAgent
from app.simulator.browser import BrowserTab
from app.simulator.card import Card
from app.simulator.outbox import TicketFor
from app.simulator.simulator import Simulator


class _Page(NamedTuple):
    """A page that was opened."""

    order_id: str
    permitted: bool
    tab: BrowserTab


class Conductor:
    """Perform stories on one simulator and one Lockstep.

    Args:
        shop: posts the events.
        simulator: holds the phones.
        gallery: keeps the shop's pictures.
        ticket_for: gives the apps their tickets.
        run_id: makes the ids of this run different from those of all others.
        pace: 0 performs flat out, 1 at the pace people watch at.
        patience_seconds: how long one thing is waited for.
        on_progress: is told what happens, in sentences.

    Attributes:
        phones: the iPhones, by their names in the stories.
        androids: the phones with Android.
        tags: of each customer who has some.
        segments: for each the tag that its members have.
        lost: starts that were waited for in vain, and that nothing can come of.
    """

    def __init__(
        self,
        *,
        shop: Shop,
        simulator: Simulator,
        gallery: Gallery,
        ticket_for: TicketFor,
        run_id: str,
        pace: float,
        patience_seconds: float,
        on_progress: Callable[[str], None],
    ) -> None:
        self._shop, self._simulator, self._ticket_for = shop, simulator, ticket_for
        self._gallery = gallery
        self._run_id, self._pace, self._patience_seconds = run_id, pace, patience_seconds
        self._progress = on_progress
        self.phones: dict[str, PhoneAgent] = {}
        self.androids = Androids(simulator, ticket_for, self._own, self._order_id, patience_seconds, on_progress)
        self.tags: dict[str, frozenset[str]] = {}
        self.segments: dict[str, str] = {}
        self.lost: set[LostStart] = set()
        self._said: Counter[str] = Counter()
        self._last: dict[str, Posting] = {}
        self._put: dict[str, int] = {}
        self._pages: dict[str, _Page] = {}

    @property
    def order_ids(self) -> list[str]:
        """Give the ids of all orders about which something was said."""
        return [self._order_id(name) for name in self._said]

    def read_pages(self) -> list[PageReading]:
        """Give what every page shows."""
        return [
            PageReading(name, page.order_id, page.permitted, page.tab.word, page.tab.state)
            for name, page in self._pages.items()
        ]

    async def close_pages(self) -> None:
        """Close every page."""
        for page in self._pages.values():
            await self._simulator.browser.close(page.tab)

    async def perform(self, story: Story) -> list[str]:
        """Perform a story; give what went wrong, in sentences."""
        await self._pause(story.begins)
        for step in story.steps:
            try:
                await self._take(step)
            except (DemoError, TimeoutError) as error:
                return [f"The story “{story.title}” came to a halt: {error}"]
        self._progress(f"{story.title} Told to the end.")
        return []

    async def _take(self, step: Step) -> None:
        """Take a step; a card whose start is lost is not waited for."""
        try:
            await self._do(step)
        except NoCardError as error:
            start = LostStart(error.order_id, error.device_id)
            if start not in await find_lost_starts(self._shop, self._simulator, [start.order_id]):
                raise
            self.lost.add(start)
            self._progress(f"{start.order_id}: a start was lost, and is not repeated")

    async def _do(self, step: Step) -> None:
        match step:
            case Say() | SayTogether() | SayAgain() | Drift():
                await self._pause(step.after)
                await self._speak(step)
            case AtOnce():
                await asyncio.gather(*(self._take(each) for each in step.steps))
            case Tag() | NameSegment():
                await self._name(step)
            case PutPicture() | WithdrawPicture():
                await self._hang(step)
            case AwaitCard() | AwaitNoCard() | AwaitAnswers() | AwaitPicture() | AwaitPage():
                await self._wait(step)
            case OpenPage() | CutLine():
                await self._browse(step)
            case InstallAndroid() | MoveAndroid() | SwipeAway() | AwaitLiveUpdate():
                await self.androids.take(step)
            case (
                Install()
                | SignIn()
                | SignOut()
                | Allow()
                | Dismiss()
                | StartCard()
                | RotateToken()
                | RotateStartTokens()
                | Network()
            ):
                self._act(step)
            case _:
                assert_never(step)

    async def _speak(self, step: Say | SayTogether | SayAgain | Drift) -> None:
        match step:
            case Say():
                posting = self._posting(step)
                self._progress(f"{posting.order_id}: {posting.type}")
                await self._shop.post(posting, step.style)
            case SayTogether():
                postings = [self._posting(event) for event in step.events]
                self._progress(
                    f"{postings[0].order_id}: {', '.join(posting.type for posting in postings)} in one batch"
                )
                await self._shop.post_batch(postings)
            case SayAgain():
                posting = self._last[step.order]
                self._progress(f"{posting.order_id}: {posting.type}, once more")
                await self._shop.post(posting, step.style)
            case Drift():
                order_id = self._order_id(step.order)
                self._progress(f"{order_id}: {step.times} delivery times are put")
                first = (datetime.now(UTC) + timedelta(minutes=step.minutes)).replace(microsecond=0)
                for ping in range(step.times):
                    last = first + timedelta(seconds=ping * step.step_seconds)
                    await self._shop.put_eta(order_id, last.isoformat(), "/courier-app")
                    self._put[step.order] = int(last.timestamp())
            case _:
                assert_never(step)

    async def _name(self, step: Tag | NameSegment) -> None:
        match step:
            case Tag():
                customer, tags = self._own(step.customer), [self._own(each) for each in step.tags]
                self.tags[customer] = frozenset(tags)
                self._progress(f"{customer}: {', '.join(tags)}")
                await self._shop.put_tags(customer, tags)
            case NameSegment():
                name, tag = self._own(step.name), self._own(step.tag)
                self.segments[name] = tag
                self._progress(f"{name}: those who are {tag}")
                await self._shop.put_segment(name, f"tag = {tag}")
            case _:
                assert_never(step)

    async def _hang(self, step: PutPicture | WithdrawPicture) -> None:
        key = self._own(step.picture)
        self._progress(f"{key}: {type(step).__name__}")
        if isinstance(step, WithdrawPicture):
            self._gallery.take_down(key)
            await self._shop.withdraw_asset(key)
            return
        minutes = step.expires_minutes
        expires_at = None if minutes is None else In(minutes).after(datetime.now(UTC))
        asset = self._gallery.hang(key, step.version, step.served, expires_at=expires_at)
        await self._shop.put_asset(key, asset)

    def _act(
        self,
        step: Install | SignIn | SignOut | Allow | Dismiss | StartCard | RotateToken | RotateStartTokens | Network,
    ) -> None:
        self._progress(f"{self._own(step.phone)}: {type(step).__name__}")
        match step:
            case Install():
                self.phones[step.phone] = self._simulator.install_phone(
                    phone_id=self._own(step.phone),
                    customer_id=self._own(step.customer),
                    ticket_for=self._ticket_for,
                    behaviour=step.behaviour,
                )
            case SignIn():
                self.phones[step.phone].sign_in(self._own(step.customer), ticket_for=self._ticket_for)
            case SignOut():
                self.phones[step.phone].sign_out()
            case Allow():
                self.phones[step.phone].allow()
            case StartCard():
                self.phones[step.phone].start_activity(self._order_id(step.order))
            case Dismiss():
                self.phones[step.phone].dismiss(self._active_card(step.phone, step.order).activity_id)
            case RotateToken():
                self.phones[step.phone].rotate_token(self._active_card(step.phone, step.order).activity_id)
            case RotateStartTokens():
                self.phones[step.phone].rotate_start_tokens()
            case Network():
                agent = self.phones[step.phone]
                (agent.go_online if step.online else agent.go_offline)()
            case _:
                assert_never(step)

    async def _browse(self, step: OpenPage | CutLine) -> None:
        match step:
            case OpenPage():
                order_id = self._order_id(step.order)
                customer_id = None if step.customer is None else self._own(step.customer)
                tab = self._simulator.browser.open(await self._shop.tracking_link(order_id, customer_id))
                self._pages[step.page] = _Page(order_id, step.permitted, tab)
            case CutLine():
                self._pages[step.page].tab.cut()
            case _:
                assert_never(step)

    async def _wait(self, step: AwaitCard | AwaitNoCard | AwaitAnswers | AwaitPicture | AwaitPage) -> None:
        seconds = self._patience_seconds
        if isinstance(step, AwaitPage):
            await self._wait_for_page(step)
            return
        phone = self._own(step.phone)
        try:
            match step:
                case AwaitCard():
                    wanted = f"{phone} to show {step.order} at {step.status or 'any status'}"
                    await self._simulator.wait_until(lambda: self._shows(step), within_seconds=seconds)
                case AwaitNoCard():
                    wanted = f"{phone} to show {step.order} no more"
                    await self._simulator.wait_until(
                        lambda: not self._active_cards(step.phone, step.order), within_seconds=seconds
                    )
                case AwaitPicture():
                    wanted = f"{phone} to show {step.picture or PLACEHOLDER} for {step.order}"
                    await self._simulator.wait_until(lambda: self._pictures(step), within_seconds=seconds)
                case AwaitAnswers():
                    wanted = f"the app on {phone} to be answered"
                    async with asyncio.timeout(seconds):
                        await self.phones[step.phone].quiet()
                case _:
                    assert_never(step)
        except TimeoutError:
            why = f"waited {seconds:g} s in vain for {wanted}"
            if isinstance(step, AwaitCard):
                raise self._no_card(step.phone, step.order, why) from None
            raise DemoError(why) from None

    async def _wait_for_page(self, step: AwaitPage) -> None:
        tab, seconds = self._pages[step.page].tab, self._patience_seconds
        try:
            await self._simulator.wait_until(lambda: page_shows(tab, step), within_seconds=seconds)
        except TimeoutError:
            wanted = f"page {step.page} to show {step.status or step.phase or step.word}"
            raise DemoError(f"waited {seconds:g} s in vain for {wanted}") from None

    def _shows(self, step: AwaitCard) -> bool:
        return any(
            step.status in (None, (line := lines_of(card)[self._order_id(step.order)]).get("status"))
            and not (step.token and card.update_token is None and card.channel_id is None)
            and not (step.last_put and line.get("deliveryTime") != self._put[step.order])
            for card in self._active_cards(step.phone, step.order)
        )

    def _pictures(self, step: AwaitPicture) -> bool:
        versions = [] if step.picture is None else self._gallery.manifest[self._own(step.picture)]
        wanted = versions[step.version - 1].ref if versions else PLACEHOLDER
        if wanted in self.phones[step.phone].phone.failed_pictures:
            return True  # a fault has befallen it: nobody knows when it comes
        return any(
            lines_of(card)[self._order_id(step.order)].get("imageKey") == wanted
            for card in self._active_cards(step.phone, step.order)
        )

    def _active_cards(self, phone: str, order: str) -> list[Card]:
        cards = self.phones[phone].phone.cards.values()
        return [card for card in cards if card.state == "active" and self._order_id(order) in lines_of(card)]

    def _active_card(self, phone: str, order: str) -> Card:
        cards = self._active_cards(phone, order)
        if not cards:
            raise self._no_card(phone, order, f"{self._own(phone)} shows no card of {order}")
        return cards[-1]

    def _no_card(self, phone: str, order: str, why: str) -> NoCardError:
        return NoCardError(why, order_id=self._order_id(order), device_id=self.phones[phone].phone.device_id)

    def _posting(self, event: Say) -> Posting:
        now = datetime.now(UTC)
        data = {name: self._value(now, value) for name, value in event.data.items()}
        if "customerId" in data:
            data["customerId"] = self._own(data["customerId"])
        if "audience" in data:
            data["audience"] = self._own_audience(event.data["audience"])
        self._said[event.order] += 1
        posting = Posting(
            order_id=self._order_id(event.order),
            id=f"{event.type}-{self._said[event.order]}",
            source=event.source,
            type=f"{event.kind}.{event.type}",
            occurred_at=(now - timedelta(minutes=event.minutes_ago)).isoformat(),
            data=data,
        )
        self._last[event.order] = posting
        return posting

    def _own_audience(self, audience: dict[str, Any]) -> dict[str, Any]:
        match audience:
            case {"customers": customers}:
                return {"customers": [self._own(each) for each in customers]}
            case {"segment": name}:
                return {"segment": self._own(name)}
            case _:
                return audience

    def _value(self, now: datetime, value: Any) -> Any:
        match value:
            case In():
                return value.after(now)
            case Picture():
                return self._own(value.name)
            case _:
                return value

    async def _pause(self, seconds: float) -> None:
        if self._pace:
            await asyncio.sleep(seconds * self._pace)

    def _order_id(self, name: str) -> str:
        return f"demo-{self._run_id}-{name}"

    def _own(self, name: str) -> str:
        return f"{name}-{self._run_id}"
