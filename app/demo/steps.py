"""The words a story is told in: what the shop posts, what people do with their phones, what is waited for.

Nothing here sleeps for a fixed time when the demo runs flat out: `after` counts at the pace people watch at.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from app.demo.gallery import Served
from app.simulator.behaviour import Behaviour

Style = Literal["plain", "cloud"]
AndroidAct = Literal["go_offline", "go_online", "doze", "wake", "rotate_token", "restore", "uninstall", "reinstall"]


class In(msgspec.Struct, frozen=True):
    """Stand for a time, in minutes from the moment the event is first posted."""

    minutes: float

    def after(self, now: datetime) -> str:
        """Give the time, in RFC 3339."""
        return (now + timedelta(minutes=self.minutes)).isoformat()


class Picture(msgspec.Struct, frozen=True):
    """Stand for the key of a picture of the shop's, by its name in the story."""

    name: str


class Say(msgspec.Struct, frozen=True, kw_only=True):
    """Post an event.

    Args:
        order: the order's name in the story.
        type: without what stands before its dot.
        kind: that.
        data: JSON, where an `In` stands for a time and a `Picture` for a key.
        source: who says so.
        minutes_ago: how long ago it happened.
        style: plain JSON, or a CloudEvent.
        after: seconds to wait before, at the pace people watch at.
    """

    order: str
    type: str
    kind: str = "order"
    data: dict[str, Any] = {}
    source: str = "/shop/orders"
    minutes_ago: float = 0.0
    style: Style = "plain"
    after: float = 8.0


class SayTogether(msgspec.Struct, frozen=True, kw_only=True):
    """Post several events in one batch of CloudEvents, in this order."""

    events: tuple[Say, ...]
    after: float = 8.0


class SayAgain(msgspec.Struct, frozen=True, kw_only=True):
    """Post the order's last event once more, as a client does that saw no answer."""

    order: str
    style: Style = "plain"
    after: float = 2.0


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """Put one delivery time after another, as a courier's app does.

    Args:
        order: the order's name in the story.
        minutes: from now, the first of them.
        step_seconds: how much later each is than the one before.
        times: how many.
    """

    order: str
    minutes: float
    step_seconds: int
    times: int
    after: float = 8.0


class Install(msgspec.Struct, frozen=True, kw_only=True):
    """Install the app on a new phone and sign a customer in."""

    phone: str
    customer: str
    behaviour: Behaviour = Behaviour()


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Sign a customer in on a phone that is there."""

    phone: str
    customer: str


class SignOut(msgspec.Struct, frozen=True, kw_only=True):
    """Sign out whoever is signed in."""

    phone: str


class Allow(msgspec.Struct, frozen=True, kw_only=True):
    """Tap Allow."""

    phone: str


class Dismiss(msgspec.Struct, frozen=True, kw_only=True):
    """Swipe an order's card away."""

    phone: str
    order: str


class StartCard(msgspec.Struct, frozen=True, kw_only=True):
    """Let the app start an order's card itself."""

    phone: str
    order: str


class RotateToken(msgspec.Struct, frozen=True, kw_only=True):
    """Let the system replace the update token of an order's card."""

    phone: str
    order: str


class RotateStartTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Let the system replace a phone's start tokens; the app reports the new ones."""

    phone: str


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """Take a phone's network away, or give it back."""

    phone: str
    online: bool


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """Put all tags of a customer."""

    customer: str
    tags: tuple[str, ...]


class NameSegment(msgspec.Struct, frozen=True, kw_only=True):
    """Call those who have a tag by a name."""

    name: str
    tag: str


class AwaitCard(msgspec.Struct, frozen=True, kw_only=True):
    """Wait until a phone shows an order's card.

    Args:
        phone: the phone's name in the story.
        order: the order's.
        status: what it has to show; anything if `None`.
        token: whether its app has to have an update token, unless the card follows a channel.
        last_put: whether it has to show the delivery time that was put last.
    """

    phone: str
    order: str
    status: str | None = None
    token: bool = False
    last_put: bool = False


class PutPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Put a version of a picture into the manifest.

    Args:
        picture: its name in the story.
        version: 1, 2, 3 …
        served: whether it can be fetched: as it should be, another one in its place, or nothing.
        expires_minutes: from now; never if `None`.
    """

    picture: str
    version: int = 1
    served: Served = "right"
    expires_minutes: float | None = None


class WithdrawPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Withdraw a picture from the manifest."""

    picture: str


class AwaitPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Wait until a card shows a version of a picture, or the app could not fetch it.

    Args:
        phone: the phone's name in the story.
        order: the order's.
        picture: the picture's; the placeholder if `None`.
        version: 1, 2, 3 …
    """

    phone: str
    order: str
    picture: str | None = None
    version: int = 1


class AwaitNoCard(msgspec.Struct, frozen=True, kw_only=True):
    """Wait until no card of an order is active on a phone."""

    phone: str
    order: str


class AwaitAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """Wait until every call of a phone's app has been answered."""

    phone: str


class OpenPage(msgspec.Struct, frozen=True, kw_only=True):
    """Open the tracking page of an order.

    Args:
        page: the page's name in the story.
        order: the order's.
        customer: whose ticket it is; `None` takes one for the order itself.
        permitted: whether that ticket opens the order.
    """

    page: str
    order: str
    customer: str | None = None
    permitted: bool = True


class CutLine(msgspec.Struct, frozen=True, kw_only=True):
    """Break the line of a page, which makes it anew."""

    page: str


class AwaitPage(msgspec.Struct, frozen=True, kw_only=True):
    """Wait until a page shows something.

    Args:
        page: the page's name in the story.
        status: what it has to show; anything if `None`.
        phase: how the order has to stand; anyhow if `None`.
        word: how its line has to stand; anyhow if `None`.
    """

    page: str
    status: str | None = None
    phase: str | None = None
    word: str | None = None


class InstallAndroid(msgspec.Struct, frozen=True, kw_only=True):
    """Install the app on a new phone with Android and sign a customer in."""

    phone: str
    customer: str


class MoveAndroid(msgspec.Struct, frozen=True, kw_only=True):
    """Let something happen to a phone with Android, or to its app, as the simulator calls it."""

    phone: str
    act: AndroidAct


class SwipeAway(msgspec.Struct, frozen=True, kw_only=True):
    """Swipe an order's Live Update away."""

    phone: str
    order: str


class AwaitLiveUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """Wait until a phone with Android shows an order's Live Update.

    Args:
        phone: the phone's name in the story.
        order: the order's.
        progress: how far its bar has to be, in percent; anywhere if `None`.
        over: whether it has to have ended, or to be active.
    """

    phone: str
    order: str
    progress: int | None = None
    over: bool = False


class AtOnce(msgspec.Struct, frozen=True, kw_only=True):
    """Do several things at the same time."""

    steps: tuple["Step", ...]


Step = (
    Say
    | SayTogether
    | SayAgain
    | Drift
    | Install
    | SignIn
    | SignOut
    | Allow
    | Dismiss
    | StartCard
    | RotateToken
    | RotateStartTokens
    | Tag
    | NameSegment
    | Network
    | PutPicture
    | WithdrawPicture
    | AwaitPicture
    | AwaitCard
    | AwaitNoCard
    | AwaitAnswers
    | AtOnce
    | OpenPage
    | CutLine
    | AwaitPage
    | InstallAndroid
    | MoveAndroid
    | SwipeAway
    | AwaitLiveUpdate
)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what happens to an order or two.

    Args:
        title: says what it shows.
        steps: one after the other.
        begins: seconds after the demo's begin, at the pace people watch at.
    """

    title: str
    steps: tuple[Step, ...]
    begins: float = 0.0
