"""Gives phones and running cards back: to another backend, or to another installation."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import asyncpg
import structlog

from app.devices.device import AndroidReport, AnyReport, DeviceReport
from app.takeover.line import LastPush, MovingCard, MovingPhone
from events.errors import SecretKeyError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from projections.card import FCM

log = structlog.get_logger()

PAGE: Final = 500

_Name = tuple[str, str, str, bytes | None]
_Sealed = dict[_Name, bytes]


async def moving_phones(pool: Pool, keyring: Keyring, *, page: int = PAGE) -> AsyncIterator[MovingPhone]:
    """Give every phone that has not signed out, by its id, with its tokens in clear and the cards that are on it.

    It reads page by page beside the running service, and is no picture of one moment.

    Args:
        pool: Connections; one is used at a time, and none is held while a phone is looked at.
        keyring: Opens tokens.
        page: Phones that are read at once.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    after = ""
    while True:
        with translated():
            rows = await pool.fetch(statement("app/scan_moving_phones"), after, page)
            ids = [row["device_id"] for row in rows]
            tokens = await pool.fetch(statement("app/read_moving_tokens"), ids)
            starting = await pool.fetch(statement("app/read_moving_start_tokens"), ids)
            on_phones = await pool.fetch(statement("app/read_moving_cards"), ALL_SLOTS, ids)
        sealed: _Sealed = {_name(row, row["token_hash"]): row["token_sealed"] for row in tokens}
        starts: dict[str, list[asyncpg.Record]] = {}
        for row in starting:
            starts.setdefault(row["device_id"], []).append(row)
        cards: dict[str, list[MovingCard]] = {}
        for row in on_phones:
            cards.setdefault(row["device_id"], []).append(_card(row, keyring))
        for row in rows:
            yield MovingPhone(
                device_id=row["device_id"],
                registered_at=row["told_at"],
                device=_device(row, starts.get(row["device_id"], []), sealed, keyring),
                cards=tuple(cards.get(row["device_id"], ())),
            )
        if len(rows) < page:
            return
        after = ids[-1]


def _name(phone: asyncpg.Record, token_hash: bytes | None) -> _Name:
    """Name a token of a phone: it is of one app in one environment."""
    return phone["device_id"], phone["app"], phone["environment"], token_hash


def _device(row: asyncpg.Record, starts: Sequence[asyncpg.Record], sealed: _Sealed, keyring: Keyring) -> AnyReport:
    """Give what a phone said of itself, as far as it is still of use."""
    told = {name: row[name] for name in ("app", "customer_id", "app_build", "locale")}
    told["tags"] = tuple(row["tags"]) or None
    opened = {
        each["attributes_type"]: _opened(sealed.get(_name(row, each["token_hash"])), keyring, row["device_id"])
        for each in starts
    }
    tokens = {name: token for name, token in opened.items() if token is not None}
    if row["environment"] == FCM:
        return AndroidReport(
            os_version=row["android_version"],
            fcm_token=next(iter(tokens.values()), None),
            attributes_types=tuple(tokens),
            notifications_enabled=row["activities_enabled"],
            **told,
        )
    return DeviceReport(
        environment=row["environment"],
        ios_version=row["ios_version"],
        activities_enabled=row["activities_enabled"],
        frequent_pushes_enabled=row["frequent_pushes"],
        start_tokens=tokens,
        alert_token=_opened(sealed.get(_name(row, row["alert_token_hash"])), keyring, row["device_id"]),
        **told,
    )


def _card(row: asyncpg.Record, keyring: Keyring) -> MovingCard:
    """Give a card, with what the next push has to be later than."""
    token = _opened(row["token_sealed"], keyring, row["device_id"])
    return MovingCard(
        subject=row["subject_id"],
        attributes_type=row["attributes_type"],
        activity_id=row["activity_id"],
        update_token=token,
        registered_at=None if token is None else row["token_registered_at"],
        state=row["reported_state"] or "starting",
        started_at=row["started_at"],
        last_push=LastPush(timestamp=row["pushed_at"]) if row["pushed_at"] else None,
    )


def _opened(sealed: bytes | None, keyring: Keyring, device_id: str) -> str | None:
    """Open a token; one that no key opens is of no use to anybody."""
    if sealed is None:
        return None
    try:
        return keyring.open_token(sealed)
    except SecretKeyError:
        log.warning("token_cannot_be_opened", device_id=device_id)
        return None
