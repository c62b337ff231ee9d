"""Build the JSON that ActivityKit decodes.

Apple's rules, which the types here hold:
    - `timestamp`, `stale-date` and `dismissal-date` are whole seconds since 1970.
    - A start needs `attributes-type`, `attributes`, `content-state` and an `alert` with a title.
    - `sound` stands inside `alert`; `loc-key` and `loc-args` stand inside `title` and `body`. An ordinary
      notification has `sound` beside `alert`, and `title-loc-key`, `title-loc-args`, `loc-key` and `loc-args` in it.
    - `input-push-token` is the number 1 and belongs to a start, or `input-push-channel`, a channel's id, in its place;
      `dismissal-date` belongs to an end.
    - `relevance-score` is relative and may exceed 1.
    - What wakes the app in the background has `content-available`, the number 1, and nothing besides in `aps`.

Source:
    Apple, "Starting and updating Live Activities with ActivityKit push notifications"; "Generating a remote
    notification".
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType
from msgspec.structs import replace

_encode = msgspec.json.Encoder().encode


class Localised(msgspec.Struct, frozen=True, rename="kebab", omit_defaults=True):
    """Text that the phone looks up in the app's strings."""

    loc_key: str
    loc_args: tuple[str, ...] = ()


class Alert(msgspec.Struct, frozen=True, omit_defaults=True):
    """What lights the screen: an expanded island on the phone, title and body on the watch."""

    title: str | Localised
    body: str | Localised | UnsetType = UNSET
    sound: str | UnsetType = UNSET


class _Start(msgspec.Struct, frozen=True, rename="kebab", omit_defaults=True):
    timestamp: int
    event: str
    content_state: Raw
    attributes_type: str
    attributes: Raw
    alert: Alert
    input_push_token: Literal[1] | UnsetType = UNSET
    input_push_channel: str | UnsetType = UNSET
    stale_date: int | UnsetType = UNSET
    relevance_score: float | UnsetType = UNSET


class _Update(msgspec.Struct, frozen=True, rename="kebab", omit_defaults=True):
    timestamp: int
    event: str
    content_state: Raw | UnsetType
    alert: Alert | UnsetType = UNSET
    stale_date: int | UnsetType = UNSET
    dismissal_date: int | UnsetType = UNSET
    relevance_score: float | UnsetType = UNSET


class _Body(msgspec.Struct, frozen=True):
    aps: _Start | _Update


class _Told(msgspec.Struct, frozen=True, rename="kebab", omit_defaults=True):
    title: str | UnsetType = UNSET
    title_loc_key: str | UnsetType = UNSET
    title_loc_args: tuple[str, ...] = ()
    body: str | UnsetType = UNSET
    loc_key: str | UnsetType = UNSET
    loc_args: tuple[str, ...] = ()


class _Notification(msgspec.Struct, frozen=True, rename="kebab", omit_defaults=True):
    alert: _Told
    sound: str | UnsetType
    thread_id: str


class _NotificationBody(msgspec.Struct, frozen=True, rename="camel"):
    aps: _Notification
    order_id: str


def start(
    *,
    timestamp: int,
    content_state: bytes,
    attributes_type: str,
    attributes: bytes,
    alert: Alert,
    channel_id: str | None = None,
    stale_date: int | None = None,
    relevance_score: float | None = None,
) -> bytes:
    """Give the body of a push that starts a Live Activity.

    Args:
        timestamp: Unix seconds.
        content_state: a JSON object, spliced in as it is.
        attributes_type: the bare Swift name, without its module.
        attributes: a JSON object, spliced in as it is.
        alert: required; a start without one is answered 200 and dropped by the phone.
        channel_id: the channel that the card is to follow (iOS 18); None asks for a fresh update token.
        stale_date: Unix seconds.
        relevance_score: relative to the app's other cards.
    """
    return _encode(
        _Body(
            _Start(
                timestamp,
                "start",
                Raw(content_state),
                attributes_type,
                Raw(attributes),
                alert,
                1 if channel_id is None else UNSET,
                UNSET if channel_id is None else channel_id,
                UNSET if stale_date is None else stale_date,
                UNSET if relevance_score is None else relevance_score,
            )
        )
    )


def update(
    *,
    timestamp: int,
    content_state: bytes,
    alert: Alert | None = None,
    stale_date: int | None = None,
    relevance_score: float | None = None,
) -> bytes:
    """Give the body of a push that replaces a Live Activity's whole content state.

    Args:
        timestamp: Unix seconds, higher than any sent before for this card.
        content_state: a JSON object, spliced in as it is.
        alert: only for what is worth lighting the screen.
        stale_date: Unix seconds.
        relevance_score: relative to the app's other cards.
    """
    return _encode(
        _Body(
            _Update(
                timestamp,
                "update",
                Raw(content_state),
                UNSET if alert is None else alert,
                UNSET if stale_date is None else stale_date,
                UNSET,
                UNSET if relevance_score is None else relevance_score,
            )
        )
    )


def end(
    *,
    timestamp: int,
    content_state: bytes | None,
    dismissal_date: int | None = None,
    alert: Alert | None = None,
    relevance_score: float | None = None,
) -> bytes:
    """Give the body of a push that ends a Live Activity.

    Args:
        timestamp: Unix seconds.
        content_state: the final state, a JSON object, spliced in as it is; None leaves what is shown.
        dismissal_date: Unix seconds; past means at once, absent means up to four hours.
        alert: only for what is worth lighting the screen.
        relevance_score: relative to the app's other cards.
    """
    return _encode(
        _Body(
            _Update(
                timestamp,
                "end",
                UNSET if content_state is None else Raw(content_state),
                UNSET if alert is None else alert,
                UNSET,
                UNSET if dismissal_date is None else dismissal_date,
                UNSET if relevance_score is None else relevance_score,
            )
        )
    )


def notification(*, alert: Alert, subject: str) -> bytes:
    """Give the body of an ordinary notification, by which the app can open what it is about.

    Args:
        alert: what it says.
        subject: the order; notifications of one are grouped.
    """
    title = alert.title if isinstance(alert.title, Localised) else None
    body = alert.body if isinstance(alert.body, Localised) else None
    told = _Told(
        title=UNSET if isinstance(alert.title, Localised) else alert.title,
        title_loc_key=UNSET if title is None else title.loc_key,
        title_loc_args=() if title is None else title.loc_args,
        body=UNSET if isinstance(alert.body, Localised) else alert.body,
        loc_key=UNSET if body is None else body.loc_key,
        loc_args=() if body is None else body.loc_args,
    )
    return _encode(_NotificationBody(_Notification(told, alert.sound, subject), subject))


class Fetch(msgspec.Struct, frozen=True, rename="camel"):
    """A picture that the app should fetch.

    Attributes:
        ref: What cards call it.
        sha256: Of the file, in hexadecimal digits.
    """

    ref: str
    url: str
    sha256: str
    size_bytes: int


class _Errand(msgspec.Struct, frozen=True, omit_defaults=True):
    fetch: tuple[Fetch, ...] = ()
    drop: tuple[str, ...] = ()
    more: bool = False


class _ErrandBody(msgspec.Struct, frozen=True):
    aps: dict[str, int]
    lockstep: _Errand


def background(*, fetch: Sequence[Fetch], drop: Sequence[str], most_bytes: int) -> bytes:
    """Give the body of a push that wakes the app to fetch and delete pictures.

    Args:
        fetch: Pictures to fetch; those that find no place are left out, and `more` says so.
        drop: Names of those to delete, likewise.
        most_bytes: The most that it may have.
    """
    errand = _Errand(more=True)
    for each in fetch:
        longer = replace(errand, fetch=(*errand.fetch, each))
        if len(_errand_body(longer)) > most_bytes:
            return _errand_body(errand)
        errand = longer
    for name in drop:
        longer = replace(errand, drop=(*errand.drop, name))
        if len(_errand_body(longer)) > most_bytes:
            return _errand_body(errand)
        errand = longer
    return _errand_body(replace(errand, more=False))


def _errand_body(errand: _Errand) -> bytes:
    return _encode(_ErrandBody({"content-available": 1}, errand))
