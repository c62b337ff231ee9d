"""What a card would show of its subject now, rendered once for all its cards."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec.structs import replace

from projections.activity import (
    Recipients,
    Wishes,
    has_start,
    is_blanked,
    is_erased,
    recipients_of,
    state_of,
    wishes_of,
)
from projections.channel import Carrier, Storage
from projections.customer_view import CustomerView
from projections.definition import PLACED
from projections.draft import Alert
from projections.errors import RenderError
from projections.freshness import Age, Freshness, FreshnessRules, age_of
from projections.pictures import named_in, referring
from projections.registry import CARDS
from projections.view import CardView, drawn

_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_read_object = msgspec.json.Decoder(dict[str, Any]).decode
_NOTHING = b"{}"


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """A view as a plan needs it.

    Attributes:
        version: The version of the view.
        placed: Whether there is anything to show.
        over: Whether the subject is over.
        content: The content state, JSON.
        content_hash: Equal for content states that differ in `updatedAt` and `freshness` at most.
        alerts: The newest alert of each rank.
        status_version: The version that set the status.
        expected_at: When the next thing is expected to happen.
        heard_at: When something was last heard of the subject, or it was to appear; None counts as now.
        show_at: When its cards should appear; None means at once.
        failure: Why the content cannot be drawn; the content is empty then.
        opening: The type of the event that opens such a subject.
        begun_at: When that began which is shown; cards from before are of what is over. None: there is no such time.
        joined_at: When the last of several came that are shown; None: it is one.
        is_kept: Whether a card that ends stays for a while, to show the end; there may be none to show.
        first_alerts: Those that the start of a card may speak of; None: all.
        starts_stopped: Whether somebody has stopped that further cards are started.
        recipients: Whose phones may show it; None: those of the customer.
        startable: Whether a card can be started, and another after it: of what the app has started nothing is known.
        is_blank: There is nothing of it to be shown: it was erased, or ended without a state.
        wishes: What its sender wishes of its pushes; None: it is ours to say.
        carrier: What carries updates; None leaves it to the rules.
        storage: What APNs keeps of a channel.
        images: Keys of pictures that the content names.
        image_paths: Where it names them.
        placeholder: What it shows in the place of one that its phone has not; None: as it is set for all cards.
    """

    version: int
    placed: bool
    over: bool
    customer_id: str | None
    content: bytes
    content_hash: bytes
    alerts: tuple[Alert, ...]
    status_version: int
    expected_at: datetime | None
    heard_at: datetime | None = None
    show_at: datetime | None = None
    failure: RenderError | None = None
    opening: str = PLACED
    begun_at: datetime | None = None
    joined_at: datetime | None = None
    is_kept: bool = True
    first_alerts: tuple[Alert, ...] | None = None
    images: frozenset[str] = frozenset()
    image_paths: tuple[str, ...] = ()
    placeholder: str | None = None
    recipients: Recipients | None = None
    starts_stopped: bool = False
    startable: bool = True
    is_blank: bool = False
    wishes: Wishes | None = None
    carrier: Carrier | None = None
    storage: Storage = "latest"

    def is_for(self, customer_id: str | None) -> bool:
        """Tell whether phones of a customer may show it, once there is something to show."""
        return (self.recipients or Recipients(self.customer_id)).include(customer_id)

    def carried_by(self, carrier: Carrier) -> Carrier:
        """Give what carries its updates, where `carrier` is for those that leave it open."""
        return self.carrier or carrier

    @property
    def is_for_many(self) -> bool:
        """Tell whether it is for an audience, and not for one customer."""
        return self.recipients is not None and (self.recipients.is_open or self.recipients.listed is not None)

    @property
    def urgent_version(self) -> int:
        """Give the newest version whose push is urgent, whatever it shows."""
        return self.status_version if self.wishes is None else self.wishes.urgent_version

    def is_early(self, now: datetime) -> bool:
        """Tell whether the time of its cards has not come, and may come."""
        return self.show_at is not None and self.show_at > now and not self.over

    def of_card(self, created_at: datetime) -> "Face":
        """Give what a card would show that was made then: one from before is of what is over, and has no news."""
        if self.begun_at is None or created_at >= self.begun_at:
            return self
        return replace(self, over=True, is_kept=False, alerts=())

    def referring(self, refs: Mapping[str, str | None], placeholder: str, key: bytes) -> "Face":
        """Give what a card shows on a phone that has these versions of pictures; the hash is that of the card then.

        Args:
            refs: What may be referred to, by key; None: the placeholder.
            placeholder: Where the definition has none.
            key: Keys the content hash.
        """
        if not refs:
            return self
        content = referring(self.content, self.image_paths, refs, self.placeholder or placeholder)
        return replace(self, content=content, content_hash=hash_of(content, self.wishes, key))

    def pending_alert(self, alerted_version: int) -> Alert | None:
        """Choose what to speak of: the highest rank, then the newest, of what was not spoken of yet."""
        return _chosen(self.alerts, alerted_version)

    def first_alert(self, alerted_version: int) -> Alert:
        """Choose what a start speaks of: the same of what it shows, and if that is nothing, that there is a card."""
        first = self.alerts if self.first_alerts is None else self.first_alerts
        return _chosen(first, alerted_version) or Alert(2, self.version, self.opening)

    def age(self, now: datetime, rules: FreshnessRules) -> Age:
        """Tell how old the subject's news is; a sender who holds the state says so itself."""
        if self.wishes is not None:
            return Age(Freshness.FRESH, None, self.wishes.stale_at)
        return age_of(self.expected_at, self.heard_at, now, rules, over=self.over)


def _chosen(alerts: tuple[Alert, ...], alerted_version: int) -> Alert | None:
    pending = [each for each in alerts if each.version > alerted_version]
    return max(pending, key=lambda each: (each.rank, each.version), default=None)


def content_hash(content: bytes, key: bytes) -> bytes:
    """Give 16 bytes, keyed, that two content states share if they differ in `updatedAt` and `freshness` at most."""
    shown = _read_object(content)
    shown.pop("updatedAt", None)
    shown.pop("freshness", None)
    return blake2b(_encode_sorted(shown), digest_size=16, key=key).digest()


def shown_hash(view: CardView, content: bytes, key: bytes) -> bytes:
    """Give 16 bytes, keyed, that two contents of a card share if no push is needed from one to the other.

    Args:
        view: Whose content it is.
        content: JSON; of a state that a sender gave every key counts, and what belongs to the state.
        key: Keys the hash.
    """
    return hash_of(content, wishes_of(view), key)


def hash_of(content: bytes, wishes: Wishes | None, key: bytes) -> bytes:
    """Give 16 bytes, keyed, that two contents share if no push is needed from one to the other; see `shown_hash`."""
    if wishes is None:
        return content_hash(content, key)
    shown = _encode_sorted((_read_object(content), wishes.stale_at, wishes.relevance_score))
    return blake2b(shown, digest_size=16, key=key).digest()


def face_of(view: CardView, key: bytes, heard_at: datetime | None = None, attributes_type: str | None = None) -> Face:
    """Draw a view; one that cannot be drawn has a face all the same, without content.

    Args:
        view: The folded subject.
        key: Keys the content hash.
        heard_at: When the newest event was recorded.
        attributes_type: Of the card; None: what subjects of its kind get.
    """
    wishes, is_blank = wishes_of(view), is_blanked(view)
    content, failure = _NOTHING, None
    if view.placed and not is_blank:
        try:
            content = drawn(view, attributes_type)
        except RenderError as error:
            failure = error
    several = view if isinstance(view, CustomerView) else None
    definition = CARDS.find(attributes_type, view.kind)
    # what a sender gave is shown as it is
    paths = () if definition is None or wishes is not None else definition.images
    activity = state_of(view)
    carrier, storage = (None, None) if activity is None else (activity.carrier, activity.channel_storage)
    return Face(
        version=view.version,
        placed=view.placed,
        over=view.over,
        customer_id=view.customer_id,
        content=content,
        content_hash=shown_hash(view, content, key),
        images=named_in(_read_object(content), paths) if paths else frozenset(),
        image_paths=paths,
        placeholder=None if definition is None else definition.placeholder,
        alerts=view.alerts,
        status_version=view.status_stamp[1],
        expected_at=view.next_expected_at,
        heard_at=None if heard_at is None else view.heard_since(heard_at),
        show_at=view.show_at,
        failure=failure,
        opening=CARDS.of_kind(view.kind).opening,
        begun_at=None if several is None else several.begun_at,
        joined_at=None if several is None else several.joined_at,
        is_kept=(several is None or several.is_kept) and not is_erased(view),
        first_alerts=None if several is None else several.first_alerts,
        recipients=recipients_of(view),
        startable=has_start(view),
        is_blank=is_blank,
        wishes=wishes,
        carrier="token" if several is not None or definition is None else carrier or definition.carrier,
        storage=storage or ("latest" if definition is None else definition.channel_storage),
    )
