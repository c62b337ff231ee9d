"""A subject as those see it who follow it by a ticket: the content state of its card, and what the page shows."""

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from app.access.caller import Caller, Customer, may_read_order
from projections.android_face import AndroidFace
from projections.face import Face
from projections.freshness import Freshness, FreshnessRules
from projections.web_face import WebFace

ID_BYTES: Final = 12

_encode: Final = msgspec.json.Encoder().encode


class TrackingPhase(StrEnum):
    """Name how it stands with a subject.

    Attributes:
        WAITING: Nothing is known of it yet.
        OPEN: It goes on.
        OVER: It is over; what is shown is the end.
        GONE: It was erased or archived.
        BROKEN: What there is cannot be drawn.
    """

    WAITING = "waiting"
    OPEN = "open"
    OVER = "over"
    GONE = "gone"
    BROKEN = "broken"


class Look(StrEnum):
    """Name a face of a subject: that of the page, or the Live Update of an Android phone."""

    WEB = "web"
    ANDROID = "android"


class TrackedState(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a page is told.

    Attributes:
        status: By the steps of its kind.
        freshness: `fresh`, `late` or `stale`.
        stale_at: From when it is stale if nothing more is heard, Unix seconds; None for never.
        content_state: As a card shows it, without `freshness`; None when there is none.
        page: What the page shows; None likewise, and for those who ask for another face.
        android: The Live Update of an Android phone, for those who ask for it.
    """

    order_id: str
    kind: str | None
    phase: TrackingPhase
    status: str | None
    freshness: Freshness
    stale_at: int | None
    content_state: msgspec.Raw | None
    page: WebFace | None
    android: AndroidFace | None


class Moment(NamedTuple):
    """A state as it is sent.

    Attributes:
        id: Equal for equal states, in every process of an installation.
        until: When it changes by itself; None: it does not.
        is_last: Whether nothing follows.
    """

    id: str
    body: bytes
    until: datetime | None
    is_last: bool


class Tracked(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a subject, for all who follow it.

    Attributes:
        face: None before anything was shown of it.
        is_gone: Whether its events were archived.
        failure: Whether what there is cannot be read or drawn.
    """

    order_id: str
    kind: str | None = None
    status: str | None = None
    face: Face | None = None
    page: WebFace | None = None
    android: AndroidFace | None = None
    is_gone: bool = False
    failure: bool = False

    def phase(self, look: Look) -> TrackingPhase:
        """Tell how it stands, for those who see this face of it."""
        if self.is_gone or (self.face is not None and self.face.is_blank):
            return TrackingPhase.GONE
        if self.failure:
            return TrackingPhase.BROKEN
        if self.face is None or not self.face.placed:
            return TrackingPhase.WAITING
        if (self.page if look is Look.WEB else self.android) is None:
            return TrackingPhase.BROKEN
        return TrackingPhase.OVER if self.face.over else TrackingPhase.OPEN

    def is_open_to(self, caller: Caller) -> bool:
        """Tell whether a caller may see it: one whom its order was sent to, its customer, or one of those listed."""
        face = self.face
        if may_read_order(caller, self.order_id, None if face is None else face.customer_id):
            return True
        listed = None if face is None or face.recipients is None else face.recipients.listed
        return isinstance(caller, Customer) and listed is not None and caller.customer_id in listed

    def at(self, now: datetime, look: Look, rules: FreshnessRules, key: bytes) -> Moment:
        """Give the state at a time.

        Args:
            now: Aware.
            look: Which face of it.
            rules: When news has grown old.
            key: Keys the id, since a state may hold personal values.
        """
        phase = self.phase(look)
        level, until, stale_at = Freshness.FRESH, None, None
        if self.face is not None and phase is TrackingPhase.OPEN:
            level, until, stale_at = self.face.age(now, rules)
            if stale_at is not None and stale_at <= now:
                level = Freshness.STALE
            elif until is None:
                until = stale_at
        shown = self.face if phase in (TrackingPhase.OPEN, TrackingPhase.OVER) else None
        body = _encode(
            TrackedState(
                order_id=self.order_id,
                kind=self.kind,
                phase=phase,
                status=self.status,
                freshness=level,
                stale_at=None if stale_at is None else int(stale_at.timestamp()),
                content_state=None if shown is None else msgspec.Raw(shown.content),
                page=self.page if shown is not None and look is Look.WEB else None,
                android=self.android if shown is not None and look is Look.ANDROID else None,
            )
        )
        is_last = phase in (TrackingPhase.OVER, TrackingPhase.GONE)
        return Moment(blake2b(body, digest_size=ID_BYTES, key=key).hexdigest(), body, until, is_last)
